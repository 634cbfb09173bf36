import { html, raw } from "hono/html";

// Pages that need no script: the policy allows their own style and nothing else.
const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  "cache-control": "no-cache",
};

const STYLE = raw(`<style>
:root { color-scheme: light dark; --ink: light-dark(#16181d, #e8eaef); --soft: light-dark(#5b6270, #9aa2b1);
  --line: light-dark(#dfe2e8, #2b303a); --paper: light-dark(#fbfbfd, #101216); --card: light-dark(#fff, #171a20); --accent: light-dark(#4338ca, #a5b4fc); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, sans-serif; }
main { max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1 { font-size: 1.9rem; letter-spacing: -.02em; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; padding-bottom: .35rem; border-bottom: 1px solid var(--line); }
p { color: var(--soft); margin: .25rem 0 1rem; } a { color: var(--accent); }
code, pre { font: 13px/1.5 ui-monospace, "Cascadia Code", Menlo, monospace; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1rem; overflow-x: auto; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: .4rem 0; }
summary { cursor: pointer; padding: .55rem .9rem; display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap; }
details > div { padding: 0 .9rem .9rem; } .note { color: var(--soft); margin-left: auto; font-size: .86em; }
.method { font: 600 12px ui-monospace, monospace; text-transform: uppercase; width: 3.6rem; color: var(--accent); }
</style>`);

interface Described {
  summary?: string;
  description?: string;
  tags?: string[];
  operationId?: string;
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses?: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

/** The first thing a newcomer sees: what this is and where to go on. */
export async function homePage(publicUrl: string): Promise<Response> {
  return page(html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Weft</title>
<meta name="viewport" content="width=device-width, initial-scale=1">${STYLE}</head><body><main>
<h1>Weft</h1><p>Durable AI workflows: runs that survive crashes and wait for people, retrieval with citations, one gateway for models.</p>
<h2>Begin</h2>
<pre>npm run demo</pre>
<p>drives the main job against this server: uploads documents, starts a run, waits for your approval, shows the cited answer and its cost.</p>
<pre>curl ${publicUrl}/v1/auth/register -H 'content-type: application/json' \\
  -d '{"email":"you@example.com","password":"a long passphrase","tenantName":"Acme"}'</pre>
<p>gives you a tenant and an access token.</p>
<h2>Addresses</h2>
<p><a href="/docs">/docs</a> the API, rendered &nbsp; <a href="/openapi.json">/openapi.json</a> the same as OpenAPI 3.1<br>
<a href="/ready">/ready</a> each dependency and what stands behind it &nbsp; <a href="/health">/health</a> alive</p>
</main></body></html>`);
}

/** The OpenAPI document as one page. */
export async function docsPage(document: object): Promise<Response> {
  const { paths = {} } = document as { paths?: Record<string, Record<string, Described>> };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = [...Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? "Other")];
  return page(html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Weft API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">${STYLE}</head><body><main>
<h1>Weft API</h1><p>${operations.length} operations. Send <code>Authorization: Bearer &lt;access token or API key&gt;</code>.
The machine-readable form is <a href="/openapi.json">/openapi.json</a>.</p>
${groups.map(([tag, members]) => html`<h2>${tag}</h2>${members.map(card)}`)}
</main></body></html>`);
}

function card({ path, method, operation }: { path: string; method: string; operation: Described }) {
  const body = operation.requestBody?.content["application/json"]?.schema;
  return html`<details><summary><span class="method">${method}</span><code>${path}</code><span class="note">${operation.summary ?? ""}</span></summary>
<div><p>${operation.description ?? ""}</p>
${body === undefined ? "" : html`<p>Body</p><pre>${JSON.stringify(body, null, 2)}</pre>`}
<p>Answers</p><pre>${Object.entries(operation.responses ?? {})
    .map(([status, response]) => `${status}  ${response.description}${schemaOf(response.content)}`)
    .join("\n")}</pre></div></details>`;
}

function schemaOf(content: Record<string, { schema: unknown }> | undefined): string {
  const schema = content?.["application/json"]?.schema;
  return schema === undefined ? "" : `  ${JSON.stringify(schema)}`;
}

async function page(body: ReturnType<typeof html>): Promise<Response> {
  return new Response(String(await body), { headers: PAGE_HEADERS });
}
