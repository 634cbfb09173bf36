import { streamOf } from "./text-stream.ts";

const MEDIA_TYPE = { csv: "text/csv; charset=utf-8", jsonl: "application/jsonl; charset=utf-8" } as const;

/** A file of text; one that comes in pieces is sent as it is made. Its media type follows from its name. */
export function download(text: string | AsyncIterable<string>, name: `${string}.${keyof typeof MEDIA_TYPE}`): Response {
  const type = name.endsWith(".csv") ? MEDIA_TYPE.csv : MEDIA_TYPE.jsonl;
  const body = typeof text === "string" ? text : streamOf(text);
  return new Response(body, { headers: { "content-type": type, ...attachment(name) } });
}

/** What a browser saves, and never shows as a page of ours. `name` is free of quotes (RFC 6266 section 4.1). */
export function attachment(name?: string): Record<string, string> {
  return { "content-disposition": name === undefined ? "attachment" : `attachment; filename="${name}"` };
}
