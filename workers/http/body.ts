import { problem } from "../../domain/kernel/problem.ts";

// A request nested deeper is not data a person meant, and the validators that walk it recurse.
const MAX_DEPTH = 128;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

export interface JsonBody {
  text: string;
  value: unknown;
}

/** Reads a JSON body of at most `maxBytes`: 415 for another media type, 413 when larger, 400 when it is not JSON. */
export async function readJson(request: Request, maxBytes: number): Promise<JsonBody> {
  // A body is measured as it arrives: one that is smaller than what it stands for would pass every bound.
  if (!["", "identity"].includes(request.headers.get("content-encoding") ?? "")) {
    throw problem("unsupported-media-type", { detail: "Send the body without a content encoding." });
  }
  const mediaType = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const bytes = await readBytes(request, maxBytes);
  // An absent body is the empty object: the schema then says which members it misses.
  if (bytes.byteLength === 0) return { text: "", value: {} };
  if (mediaType !== "application/json" && !mediaType.endsWith("+json")) {
    throw problem("unsupported-media-type", { detail: "Send application/json." });
  }
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    throw problem("malformed-request", { detail: "The body is not UTF-8." });
  }
  if (depthExceeds(text, MAX_DEPTH)) {
    throw problem("malformed-request", { detail: `The body is nested deeper than ${MAX_DEPTH} levels.` });
  }
  try {
    return { text, value: JSON.parse(text) as unknown };
  } catch (error) {
    throw problem("malformed-request", { detail: `The body is not JSON: ${(error as Error).message}.` });
  }
}

/** Reads a body of at most `maxBytes`, and stops reading as soon as it is larger. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () =>
    problem("payload-too-large", { detail: `The body may have ${maxBytes} bytes.`, members: { maxBytes } });
  const declared = Number(request.headers.get("content-length") ?? Number.NaN);
  if (declared > maxBytes) throw tooLarge();
  if (request.body === null) return new Uint8Array(0);
  // The transport holds a body to the length that was declared: there is no need to count while it is read.
  if (Number.isSafeInteger(declared)) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.byteLength;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function depthExceeds(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}
