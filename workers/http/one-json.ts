const ANY_JSON = JSON.stringify({
  anyOf: [
    ...["string", "number", "boolean", "null"].map((type) => ({ type })),
    { type: "array", items: { $ref: "#/components/schemas/NAME" } },
    {
      type: "object",
      propertyNames: { type: "string" },
      additionalProperties: { $ref: "#/components/schemas/NAME" },
    },
  ],
});

/** The generator names the schema of any JSON anew wherever it stands. Here it is one, and has a name. */
export function withOneJson(document: object): object {
  const { components } = document as { components?: { schemas?: Record<string, object> } };
  const isJson = (name: string, schema: object) =>
    name.startsWith("__schema") && JSON.stringify(schema) === ANY_JSON.replaceAll("NAME", name);
  const names = Object.entries(components?.schemas ?? {}).flatMap(([name, schema]) =>
    isJson(name, schema) ? [name] : [],
  );
  return JSON.parse(
    JSON.stringify(document).replaceAll(/__schema\d+/g, (name) => (names.includes(name) ? "Json" : name)),
  );
}
