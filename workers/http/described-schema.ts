// A JSON Schema of the OpenAPI document in the words of a reader: rows of members, and types as TypeScript would write them.

export interface Described {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  description?: string;
  example?: unknown;
  items?: Described;
  properties?: Record<string, Described>;
  required?: string[];
  anyOf?: Described[];
  oneOf?: Described[];
  allOf?: Described[];
}

export type Schemas = Readonly<Record<string, Described>>;

export interface Row {
  name: string;
  type: string;
  isRequired: boolean;
  description: string;
}

/** Members within members are told that far; what lies deeper goes by the name of its schema. */
const MAX_DEPTH = 2;
/** Longer lists of words make a table unreadable. */
const MAX_SHOWN_VALUES = 12;

/** The members of an object, or of each of a list's, members within them behind a dot. */
export function memberRows(schema: Described, schemas: Schemas, prefix = "", depth = 0): Row[] {
  const whole = resolved(schema, schemas);
  if (schema.$ref !== undefined && holdsItself(schema.$ref, whole)) return [];
  if (whole.items !== undefined) return memberRows(whole.items, schemas, `${prefix}[]`, depth);
  const required = new Set(whole.required);
  return Object.entries(whole.properties ?? {}).flatMap(([name, member]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const row = {
      name: path,
      type: typeText(member, schemas),
      isRequired: required.has(name),
      description: member.description ?? resolved(member, schemas).description ?? "",
    };
    return depth < MAX_DEPTH ? [row, ...memberRows(member, schemas, path, depth + 1)] : [row];
  });
}

export function typeText(schema: Described, schemas: Schemas): string {
  if (schema.$ref !== undefined) {
    const named = resolved(schema, schemas);
    if (holdsItself(schema.$ref, named)) return "JSON";
    return named.properties === undefined ? typeText(named, schemas) : nameOf(schema.$ref);
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return valuesText(schema.enum);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) {
    return [...new Set(alternatives.map((alternative) => typeText(alternative, schemas)))].join(" | ");
  }
  if (schema.items !== undefined) {
    const item = typeText(schema.items, schemas);
    return item.includes(" | ") ? `(${item})[]` : `${item}[]`;
  }
  const types = [schema.type ?? "any"].flat();
  return types.map((type) => (type === "string" && schema.format !== undefined ? schema.format : type)).join(" | ");
}

/** Only JSON itself does: any value, of which lists and objects hold any value. */
function holdsItself(ref: string, named: Described): boolean {
  return JSON.stringify(named).includes(JSON.stringify(ref));
}

function valuesText(values: readonly unknown[]): string {
  const shown = values.slice(0, MAX_SHOWN_VALUES).map((value) => JSON.stringify(value));
  return [...shown, ...(values.length > MAX_SHOWN_VALUES ? ["..."] : [])].join(" | ");
}

function resolved(schema: Described, schemas: Schemas): Described {
  return schema.$ref === undefined ? schema : (schemas[nameOf(schema.$ref)] ?? {});
}

function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf("/") + 1);
}
