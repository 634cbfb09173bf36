import { html } from "hono/html";
import { type Described, memberRows, type Row, type Schemas, typeText } from "./described-schema.ts";
import { page } from "./pages.ts";

interface DescribedOperation {
  summary?: string;
  description?: string;
  tags?: string[];
  operationId?: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Described }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Described }> };
  responses?: Record<string, { description: string; content?: Record<string, { schema: Described }> }>;
}

interface OpenApi {
  paths?: Record<string, Record<string, DescribedOperation>>;
  components?: { schemas?: Schemas };
}

/** The OpenAPI document as one page, which needs no script. */
export async function docsPage(document: object): Promise<Response> {
  const { paths = {}, components } = document as OpenApi;
  const schemas = components?.schemas ?? {};
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = [...Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? "Other")];
  return page(
    "Weft API",
    html`<main>
<h1>Weft API</h1><p>${operations.length} operations. Send <code>Authorization: Bearer &lt;access token or API key&gt;</code>.
The machine-readable form is <a href="/openapi.json">/openapi.json</a>.</p>
<nav>${groups.map(([tag]) => html`<a href="#${anchor(tag)}">${tag}</a> `)}</nav>
${groups.map(
  ([tag, members]) => html`<h2 id="${anchor(tag)}">${tag}</h2>${members.map((member) => card(member, schemas))}`,
)}</main>`,
  );
}

function card(
  { path, method, operation }: { path: string; method: string; operation: DescribedOperation },
  schemas: Schemas,
) {
  const parameters = (operation.parameters ?? []).map((parameter) => ({
    name: parameter.name,
    type: `${typeText(parameter.schema, schemas)}, in ${parameter.in}`,
    isRequired: parameter.required === true,
    description: parameter.description ?? parameter.schema.description ?? "",
  }));
  return html`<details id="${operation.operationId}"><summary><span class="method">${method}</span><code>${path}</code><span class="note">${operation.summary ?? ""}</span></summary>
<div>${operation.description === undefined ? "" : html`<p>${operation.description}</p>`}
${parameters.length === 0 ? "" : html`<h3>Parameters</h3>${table(parameters)}`}
${Object.entries(operation.requestBody?.content ?? {}).map(([mediaType, { schema }]) => body(mediaType, schema, schemas))}
${answers(operation.responses ?? {}, schemas)}
</div></details>`;
}

function body(mediaType: string, schema: Described, schemas: Schemas) {
  const { example } = schemas[schema.$ref?.split("/").at(-1) ?? ""] ?? schema;
  return html`<h3>Body, ${mediaType}</h3>${table(memberRows(schema, schemas))}
${example === undefined ? "" : html`<pre>${JSON.stringify(example, null, 2)}</pre>`}`;
}

/** What is answered with a body has its members told; the rest, problems first of all, have one shape and need a line. */
function answers(responses: NonNullable<DescribedOperation["responses"]>, schemas: Schemas) {
  const all = Object.entries(responses).map(([status, { description, content }]) => {
    const schema = content?.["application/json"]?.schema;
    return { status, description, schema, rows: schema === undefined ? [] : memberRows(schema, schemas) };
  });
  const brief = all.filter(({ rows }) => rows.length === 0);
  return html`${all.map(({ status, schema, rows }) =>
    schema === undefined || rows.length === 0
      ? ""
      : html`<h3>Answer ${status} <code>${typeText(schema, schemas)}</code></h3>${table(rows)}`,
  )}${brief.length === 0 ? "" : html`<h3>${brief.length === all.length ? "Answers" : "Other answers"}</h3>`}
<table>${brief.map(({ status, description }) => html`<tr><td><code>${status}</code></td><td>${description}</td></tr>`)}</table>`;
}

function table(rows: readonly Row[]) {
  return html`<table class="members">${rows.map(
    ({ name, type, isRequired, description }) =>
      html`<tr><td><code>${name}</code>${isRequired ? "" : html` <small>optional</small>`}</td><td><code>${type}</code></td><td>${description}</td></tr>`,
  )}</table>`;
}

function anchor(tag: string): string {
  return tag.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
