import { declaredCharset, decodedText } from "../../domain/knowledge/extraction/decode.ts";
import { type Extraction, unreadable } from "../../domain/knowledge/extraction/extraction.ts";
import { type MarkdownWriter, markdownWriter } from "./markdown-writer.ts";
import { readMarkup } from "./markup.ts";

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
  "title",
]);
const BLOCKS = new Set(
  "address article aside blockquote body dd details div dl dt fieldset figcaption figure footer form header hr main ol p section summary ul".split(
    " ",
  ),
);
const HEADING = /^h([1-6])$/;

/** The page as Markdown. */
export function htmlExtraction(source: Uint8Array, contentType: string): Extraction {
  const html = decodedText(source, declaredCharset(contentType) ?? metaCharset(source));
  if (html === null) return unreadable("The page is not text in the encoding that it claims.");
  const writer = markdownWriter();
  const closes = closingTags(html);
  let skipped: string | null = null;
  readMarkup(
    html,
    { xmlMode: false },
    {
      open(name, attributes, end) {
        if (skipped !== null) return;
        // What is never closed would hide the rest of the page.
        if (SKIPPED.has(name) && closes(name, end)) skipped = name;
        else open(writer, name, attributes);
      },
      text(text) {
        if (skipped === null) writer.text(text);
      },
      close(name) {
        if (skipped === null) close(writer, name);
        else if (name === skipped) skipped = null;
      },
    },
  );
  return { readable: true, text: writer.end(), format: "markdown" };
}

/** Whether a tag is closed somewhere after a place. Looks at no part of the page twice for one name. */
function closingTags(html: string): (name: string, from: number) => boolean {
  const next = new Map<string, number>();
  return (name, from) => {
    let at = next.get(name) ?? 0;
    if (at !== -1 && at < from) {
      const tag = new RegExp(`</${name}\\b`, "gi");
      tag.lastIndex = from;
      at = tag.exec(html)?.index ?? -1;
      next.set(name, at);
    }
    return at !== -1;
  };
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
