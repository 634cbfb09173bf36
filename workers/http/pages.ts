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
nav { font-size: .9em; line-height: 1.9; } nav a { margin-right: 1.1rem; white-space: nowrap; text-decoration: none; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: .4rem 0; scroll-margin-top: 1rem; }
summary { cursor: pointer; padding: .55rem .9rem; display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap; }
summary code { overflow-wrap: anywhere; } details[open] > summary { border-bottom: 1px solid var(--line); }
details > div { padding: .75rem .9rem .9rem; overflow-x: auto; } .note { color: var(--soft); margin-left: auto; font-size: .86em; }
.method { font: 600 12px ui-monospace, monospace; text-transform: uppercase; width: 3.6rem; color: var(--accent); }
h3 { font-size: .86em; margin: 1rem 0 .35rem; } h3:first-child, p:first-child { margin-top: 0; }
table { border-collapse: collapse; width: 100%; font-size: .88em; }
td { border-top: 1px solid var(--line); padding: .3rem .75rem .3rem 0; vertical-align: top; } td:last-child { color: var(--soft); padding-right: 0; }
td:first-child { width: 6rem; } .members { table-layout: fixed; } .members td:first-child { width: 30%; } .members td:nth-child(2) { width: 30%; }
td small { color: var(--soft); } td code { overflow-wrap: anywhere; }
</style>`);

/** The first thing a newcomer sees: what this is and where to go on. */
export async function homePage(publicUrl: string): Promise<Response> {
  return page(
    "Weft",
    html`<main>
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
</main>`,
  );
}

export async function page(title: string, content: ReturnType<typeof html>): Promise<Response> {
  const text = await html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">${STYLE}</head><body>${content}</body></html>`;
  return new Response(String(text), { headers: PAGE_HEADERS });
}
