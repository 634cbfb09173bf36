import { problem } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import type { OutboundResponse } from "../ports.ts";
import { MAX_SOURCE_BYTES } from "./source-limits.ts";

export type ImportedSource =
  | { found: true; bytes: Uint8Array<ArrayBuffer>; contentType: string }
  /** `reason` is a sentence for the person who asked for the import. */
  | { found: false; reason: string };

const TIMEOUT_MS = 60_000;
const MAX_REDIRECTS = 5;

/** Fetches what lies at an address. Each redirect is judged like the first address. */
export async function importSource(ctx: ServiceContext, url: string): Promise<ImportedSource> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let target = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await ctx.ports.outbound.fetch({
      url: target,
      method: "GET",
      headers: { accept: "text/markdown, text/plain, text/html;q=0.9, */*;q=0.5" },
      timeoutMs: TIMEOUT_MS,
      signal,
    });
    const next = redirectOf(response, target);
    if (next === null) return readSource(response);
    await response.stream?.cancel();
    target = next;
  }
  return { found: false, reason: "The address redirects too often." };
}

function redirectOf({ status, headers }: OutboundResponse, from: string): string | null {
  const location = headers.get("location");
  if (![301, 302, 303, 307, 308].includes(status) || location === null || !URL.canParse(location, from)) return null;
  return new URL(location, from).href;
}

async function readSource({ status, headers, stream }: OutboundResponse): Promise<ImportedSource> {
  if (status !== 200) {
    await stream?.cancel();
    if (status === 429 || status >= 500) throw problem("unavailable", { detail: `The address answered ${status}.` });
    return { found: false, reason: `The address answered ${status}.` };
  }
  const bytes = stream === null ? new Uint8Array(0) : await readBounded(stream);
  if (bytes === null) return { found: false, reason: `The file is larger than ${MAX_SOURCE_BYTES} bytes.` };
  if (bytes.length === 0) return { found: false, reason: "The address answered with nothing." };
  return { found: true, bytes, contentType: headers.get("content-type") ?? "application/octet-stream" };
}

/** `null` when there is more than a source may have. */
async function readBounded(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer> | null> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of stream) {
      length += part.byteLength;
      if (length > MAX_SOURCE_BYTES) return null;
      parts.push(part);
    }
  } catch (cause) {
    throw problem("unavailable", { detail: "The address broke off its answer.", cause });
  }
  return Uint8Array.from(Buffer.concat(parts));
}
