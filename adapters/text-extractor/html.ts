import { Parser } from "htmlparser2";
import { declaredCharset, decodedText } from "../../domain/knowledge/extraction/decode.ts";
import { type Extraction, unreadable } from "../../domain/knowledge/extraction/extraction.ts";
import { type MarkdownWriter, markdownWriter } from "./markdown-writer.ts";

/** What a reader of the page does not read. */
const SKIPPED = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "head",
  "svg",
  "iframe",
  "object",
  "nav",
  "select",
]);
const BLOCKS = new Set(
  "address article aside blockquote body dd details div dl dt fieldset figcaption figure footer form header hr main ol p section summary ul".split(
    " ",
  ),
);
const HEADING = /^h([1-6])$/;

/** The page as Markdown. The parser keeps a list of open elements, not a stack of calls: depth costs nothing. */
export function htmlExtraction(source: Uint8Array, contentType: string): Extraction {
  const html = decodedText(source, declaredCharset(contentType) ?? metaCharset(source));
  if (html === null) return unreadable("The page is not text in the encoding that it claims.");
  const writer = markdownWriter();
  let skipping = 0;
  const parser = new Parser({
    onopentag(name, attributes) {
      if (SKIPPED.has(name)) skipping += 1;
      else if (skipping === 0) open(writer, name, attributes);
    },
    ontext(text) {
      if (skipping === 0) writer.text(text);
    },
    onclosetag(name) {
      if (SKIPPED.has(name)) skipping -= 1;
      else if (skipping === 0) close(writer, name);
    },
  });
  parser.end(html);
  return { readable: true, text: writer.end(), format: "markdown" };
}

function open(writer: MarkdownWriter, name: string, attributes: Record<string, string>): void {
  const heading = HEADING.exec(name);
  if (heading !== null) writer.heading(Number(heading[1]));
  if (BLOCKS.has(name)) writer.begin("paragraph");
  switch (name) {
    case "li":
      writer.begin("item");
      break;
    case "pre":
      writer.begin("code");
      break;
    case "table":
      writer.beginTable();
      break;
    case "tr":
      writer.beginRow();
      break;
    case "td":
    case "th":
      writer.beginCell();
      break;
    case "br":
      writer.text("\n");
      break;
    case "img":
      writer.text(attributes.alt ?? "");
      break;
  }
}

function close(writer: MarkdownWriter, name: string): void {
  if (BLOCKS.has(name) || HEADING.test(name) || name === "li" || name === "pre") writer.begin("paragraph");
  else if (name === "tr") writer.endRow();
  else if (name === "table") writer.endTable();
}

/** Of the first kilobyte, as the HTML standard looks for it. */
function metaCharset(source: Uint8Array): string | null {
  const start = new TextDecoder("latin1").decode(source.subarray(0, 1_024));
  return /<meta[^>]+charset\s*=\s*["']?([\w.:-]+)/i.exec(start)?.[1] ?? null;
}
