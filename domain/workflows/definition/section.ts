import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import type { StatesMember } from "../expression/jsonata-check.ts";
import type { Findings } from "./findings.ts";
import { escapeToken } from "./json-text.ts";

const WORK: ReadonlySet<Json> = new Set(["Task", "Parallel", "Map"]);

/** One object of a definition, read field by field. What was not asked for by the end is not part of the language. */
export class Section {
  readonly location: string;
  readonly findings: Findings;
  /** Where in its state the object is, as causes say it: "Choices[0]"; "" for the state itself. */
  readonly #place: string;
  readonly #source: JsonObject;
  readonly #known = new Set<string>();

  constructor(source: JsonObject, location: string, findings: Findings, within = "") {
    this.#place = within;
    this.#source = source;
    this.location = location;
    this.findings = findings;
  }

  at(field: string): string {
    return `${this.location}/${escapeToken(field)}`;
  }

  /** The name of a field in causes: "Choices[0]/Output". */
  nameOf(field: string): string {
    return this.#place === "" ? field : `${this.#place}/${field}`;
  }

  /** What `$states` has in the Output and Assign of this object beyond the input and the context. */
  get outcome(): StatesMember | null {
    if (/^Catch\[\d+\]$/.test(this.#place)) return "errorOutput";
    return this.#place === "" && WORK.has(this.#source.Type ?? null) ? "result" : null;
  }

  has(field: string): boolean {
    this.#known.add(field);
    return Object.hasOwn(this.#source, field);
  }

  /** Undefined where the field is absent. */
  value(field: string): Json | undefined {
    return this.has(field) ? this.#source[field] : undefined;
  }

  names(): string[] {
    return Object.keys(this.#source);
  }

  error(field: string, message: string): void {
    this.findings.error(this.at(field), message);
  }

  /** Reports the fields of `required` that are missing: one in words, several as a list. */
  require(...required: string[]): void {
    const missing = required.filter((field) => !this.has(field));
    const [only] = missing;
    if (only === undefined) return;
    const message =
      missing.length === 1
        ? `The field '${only}' is required but was missing`
        : `These fields are required: [${missing.join(", ")}]`;
    this.findings.error(this.location, message);
  }

  /** Reports where more than one of `fields` is given. */
  excludeEachOther(...fields: string[]): void {
    const given = fields.filter((field) => this.has(field));
    if (given.length > 1) {
      this.findings.error(this.location, `Only one of these fields is allowed: [${given.join(", ")}]`);
    }
  }

  text(field: string): string | null {
    return this.#typed(field, "String", (value) => typeof value === "string");
  }

  /** One of a closed set of words. */
  choice<T extends string>(field: string, words: readonly T[]): T | null {
    const value = this.value(field);
    if (value === undefined) return null;
    const word = words.find((known) => known === value);
    if (word === undefined) {
      this.error(field, `The field '${field}' should have one of these values: [${words.join(", ")}]`);
    }
    return word ?? null;
  }

  integer(field: string, least: number, most: number): number | null {
    const value = this.#typed<number>(field, "Integer", (given) => Number.isInteger(given));
    return value === null ? null : this.#within(field, value, least, most);
  }

  number(field: string, least: number, most: number): number | null {
    const value = this.#typed<number>(field, "Number", (given) => typeof given === "number");
    return value === null ? null : this.#within(field, value, least, most);
  }

  list(field: string): Json[] | null {
    return this.#typed(field, "Array", (value) => Array.isArray(value));
  }

  object(field: string): JsonObject | null {
    return this.#typed(field, "Object", isJsonObject);
  }

  section(field: string): Section | null {
    const object = this.object(field);
    return object === null ? null : new Section(object, this.at(field), this.findings, this.nameOf(field));
  }

  /** The objects of a list that may not be empty. */
  sections(field: string): Section[] {
    const list = this.list(field);
    if (list === null) return [];
    if (list.length === 0) this.error(field, "Value cannot be empty");
    const sections: Section[] = [];
    for (const [i, item] of list.entries()) {
      const location = `${this.at(field)}/${i}`;
      if (isJsonObject(item)) {
        sections.push(new Section(item, location, this.findings, this.nameOf(`${field}[${i}]`)));
      } else this.findings.error(location, "Expected value of type Object");
    }
    return sections;
  }

  /** Reports every field nobody asked for; `elsewhere` explains a field that exists in another place. */
  refuseOthers(elsewhere: (field: string) => string | null = () => null): void {
    for (const field of this.names()) {
      if (this.#known.has(field)) continue;
      if (this.findings.isFull && this.findings.hasErrors) return;
      this.findings.error(this.location, elsewhere(field) ?? `The field '${field}' is not supported by Step Functions`);
    }
  }

  #typed<T extends Json>(field: string, type: string, fits: (value: Json) => boolean): T | null {
    const value = this.value(field);
    if (value === undefined) return null;
    if (fits(value)) return value as T;
    this.error(field, `Expected value of type ${type}`);
    return null;
  }

  #within(field: string, value: number, least: number, most: number): number | null {
    if (value >= least && value <= most) return value;
    this.error(field, `The value must be between ${least} and ${most}`);
    return null;
  }
}
