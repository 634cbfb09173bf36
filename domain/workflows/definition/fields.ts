import type { Json } from "../../kernel/json.ts";
import type { NumberField, NumberFieldName, TextField, TextFieldName } from "../expression/field.ts";
import { parseIntrinsic } from "../expression/intrinsic.ts";
import { type Path, parsePath, WHOLE_INPUT } from "../expression/path.ts";
import { parseReferencePath, type ReferencePath, WHOLE_REFERENCE } from "../expression/reference-path.ts";
import type { Template } from "../expression/template.ts";
import { parseTimestamp } from "../expression/timestamp.ts";
import { readExpressionText } from "./expression-text.ts";
import type { QueryLanguage } from "./machine.ts";
import type { Section } from "./section.ts";
import { compileTemplate } from "./templates.ts";

// Fields that several types of states share. A field that is wrong is reported and read as if it were absent.

/** ASL: the largest number of seconds a definition may name. */
export const MAX_SECONDS = 99_999_999;

const NOT_A_PATH = "The value must be a valid JSONPath";

/** Absent means `$`, null means null. */
export function readPathField(section: Section, field: string): Path | null {
  const value = section.value(field);
  if (value === undefined) return WHOLE_INPUT;
  if (value === null) return null;
  const path = typeof value === "string" ? parsePath(value) : null;
  if (path === null) section.error(field, NOT_A_PATH);
  return path ?? WHOLE_INPUT;
}

export function readResultPath(section: Section): ReferencePath | null {
  const value = section.value("ResultPath");
  if (value === undefined) return WHOLE_REFERENCE;
  if (value === null) return null;
  const path = typeof value === "string" ? parseReferencePath(value) : null;
  if (path === null) section.error("ResultPath", "The value must be a Reference Path");
  return path ?? WHOLE_REFERENCE;
}

export function readTemplate(section: Section, field: string, language: QueryLanguage): Template | null {
  const value = section.value(field);
  if (value === undefined) return null;
  const outcome = field === "Output" || field === "Assign" ? section.outcome : null;
  return compileTemplate(value, section.nameOf(field), language, section.at(field), section.findings, outcome);
}

/** A template that, unless it is an expression, must have the shape of an object. */
export function readObjectTemplate(section: Section, field: string, language: QueryLanguage): Template | null {
  const value = section.value(field);
  const isExpression = language === "JSONata" && typeof value === "string";
  if (value !== undefined && !isExpression && section.object(field) === null) return null;
  return readTemplate(section, field, language);
}

const VARIABLE_NAME = /^[\p{ID_Start}_][\p{ID_Continue}-]*$/u;
const MAX_VARIABLE_NAME_LENGTH = 80;

/** ASL "Variables": an object of names. */
export function readAssign(section: Section, language: QueryLanguage): Template | null {
  const assign = section.object("Assign");
  if (assign === null) return null;
  for (const key of Object.keys(assign)) {
    const name = language === "JSONPath" && key.endsWith(".$") ? key.slice(0, -2) : key;
    if (name === "states") section.error("Assign", "The variable name 'states' is reserved");
    else if (!VARIABLE_NAME.test(name) || name.length > MAX_VARIABLE_NAME_LENGTH) {
      section.error("Assign", `'${name.slice(0, MAX_VARIABLE_NAME_LENGTH)}' is not a valid variable name`);
    }
  }
  return readTemplate(section, "Assign", language);
}

/** A number, the path to one (`<field>Path`, JSONPath only) or an expression (JSONata only). */
export function readNumberField(
  section: Section,
  field: NumberFieldName,
  language: QueryLanguage,
  least: number,
  most: number,
): NumberField | null {
  if (language === "JSONata") {
    const value = section.value(field);
    if (typeof value === "string") {
      const text = readOnlyExpression(section, field, value);
      return text === null ? null : { kind: "expression", field, text };
    }
  } else {
    section.excludeEachOther(field, `${field}Path`);
    const path = readPathTo(section, `${field}Path`);
    if (path !== null) return { kind: "path", field, path };
  }
  const isFloat = field === "ToleratedFailurePercentage";
  const value = isFloat ? section.number(field, least, most) : section.integer(field, least, most);
  return value === null ? null : { kind: "literal", field, value };
}

/** Text, the path to it or an intrinsic call (`<field>Path`, JSONPath only), or an expression (JSONata only). */
export function readTextField(section: Section, field: TextFieldName, language: QueryLanguage): TextField | null {
  const value = section.text(field);
  if (language === "JSONata" && value !== null) {
    const reading = readExpressionText(value, section.at(field), section.findings);
    if (reading.kind === "expression") return { kind: "expression", field, text: reading.text };
    if (reading.kind === "refused") return null;
  }
  if (language === "JSONPath") {
    section.excludeEachOther(field, `${field}Path`);
    const behind = field === "Timestamp" ? timestampPath(section) : textPath(section, field);
    if (behind !== null) return behind;
  }
  if (field === "Timestamp" && value !== null && parseTimestamp(value) === null) {
    section.error(field, "String does not match RFC3339 timestamp");
  }
  return value === null ? null : { kind: "literal", field, value };
}

function timestampPath(section: Section): TextField | null {
  const path = readPathTo(section, "TimestampPath");
  return path === null ? null : { kind: "path", field: "Timestamp", path };
}

function textPath(section: Section, field: TextFieldName): TextField | null {
  const value = section.value(`${field}Path`);
  if (typeof value === "string" && !value.startsWith("$")) {
    const call = parseIntrinsic(value);
    if (call !== null) return { kind: "intrinsic", field, call };
  }
  const path = readPathTo(section, `${field}Path`);
  return path === null ? null : { kind: "path", field, path };
}

/** The path in a `...Path` field; null where it is absent or wrong. */
function readPathTo(section: Section, field: string): Path | null {
  const value = section.value(field);
  if (value === undefined) return null;
  const path = typeof value === "string" ? parsePath(value) : null;
  if (path === null) section.error(field, NOT_A_PATH);
  return path;
}

/** Where a text is only allowed as an expression. */
function readOnlyExpression(section: Section, field: string, value: string): string | null {
  const reading = readExpressionText(value, section.at(field), section.findings);
  if (reading.kind === "literal") section.error(field, "Expected value of type Number or a JSONata expression");
  return reading.kind === "expression" ? reading.text : null;
}

export function isText(value: Json): value is string {
  return typeof value === "string";
}
