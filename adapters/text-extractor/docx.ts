import { strFromU8, unzipSync } from "fflate";
import { type Extraction, unreadable } from "../../domain/knowledge/extraction/extraction.ts";
import { type MarkdownWriter, markdownWriter } from "./markdown-writer.ts";
import { readMarkup } from "./markup.ts";

const DOCUMENT = "word/document.xml";
const STYLES = "word/styles.xml";
/** A part may unpack to this: far more than any text we keep, far less than an isolate has. */
const MAX_PART_BYTES = 48 * 1_048_576;
// What an encrypted document, and one of Word before 2007, begins with: a compound file.
const COMPOUND_FILE = [0xd0, 0xcf, 0x11, 0xe0];

/** The main text of a WordprocessingML document (ECMA-376 part 1, section 17) as Markdown. */
export function docxExtraction(source: Uint8Array): Extraction {
  if (COMPOUND_FILE.every((byte, at) => source[at] === byte)) {
    return unreadable("The document is encrypted, or in the format of Word before 2007.");
  }
  const parts = unzipped(source);
  if (parts === null) return unreadable("The file is not a Word document.");
  if (parts === "too-large") return unreadable("The document unpacks to more than a document may have.");
  return { readable: true, text: documentText(parts.document, headingLevels(parts.styles)), format: "markdown" };
}

const XML = { xmlMode: true };

type Parts = { document: string; styles: string };

function unzipped(source: Uint8Array): Parts | "too-large" | null {
  let isTooLarge = false;
  try {
    // The unpacker writes into a buffer of the size that the archive declares, so a lie about it cannot grow.
    const files = unzipSync(source, {
      filter({ name, originalSize }) {
        const isWanted = name === DOCUMENT || name === STYLES;
        if (isWanted && originalSize > MAX_PART_BYTES) isTooLarge = true;
        return isWanted && !isTooLarge;
      },
    });
    if (isTooLarge) return "too-large";
    const [document, styles] = [files[DOCUMENT], files[STYLES]];
    if (document === undefined) return null;
    return { document: strFromU8(document), styles: styles === undefined ? "" : strFromU8(styles) };
  } catch {
    return null;
  }
}

/** Style ids are translated, style names are not: `berschrift1` is named `heading 1`. */
function headingLevels(styles: string): ReadonlyMap<string, number> {
  const levels = new Map<string, number>();
  let id = "";
  readMarkup(styles, XML, {
    open(name, attributes) {
      if (name === "w:style") id = attributes["w:styleId"] ?? "";
      const level = name === "w:name" ? /^(?:heading ([1-6])|(title))$/i.exec(attributes["w:val"] ?? "") : null;
      if (level !== null) levels.set(id, level[2] === undefined ? Number(level[1]) : 1);
    },
    close() {},
    text() {},
  });
  return levels;
}

function documentText(xml: string, levels: ReadonlyMap<string, number>): string {
  const writer = markdownWriter();
  let isText = false;
  let isHeading = false;
  readMarkup(xml, XML, {
    open(name, attributes) {
      isText = name === "w:t";
      const level = name === "w:pStyle" ? headingLevel(attributes["w:val"] ?? "", levels) : 0;
      isHeading = level > 0 || (isHeading && name !== "w:p");
      if (level > 0) writer.heading(level);
      // A numbered heading is a heading first.
      else if (name !== "w:numPr" || !isHeading) open(writer, name);
    },
    close(name) {
      isText = false;
      if (name === "w:tr") writer.endRow();
      if (name === "w:tbl") writer.endTable();
    },
    text(text) {
      if (isText) writer.text(text);
    },
  });
  return writer.end();
}

function headingLevel(style: string, levels: ReadonlyMap<string, number>): number {
  return levels.get(style) ?? Number(/^heading([1-6])$/i.exec(style)?.[1] ?? 0);
}

function open(writer: MarkdownWriter, name: string): void {
  switch (name) {
    case "w:p":
      writer.begin("paragraph");
      break;
    case "w:numPr":
      writer.begin("item");
      break;
    case "w:tbl":
      writer.beginTable();
      break;
    case "w:tr":
      writer.beginRow();
      break;
    case "w:tc":
      writer.beginCell();
      break;
    case "w:tab":
    case "w:br":
    case "w:cr":
      writer.text(" ");
      break;
  }
}
