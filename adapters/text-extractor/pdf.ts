import type { getDocumentProxy } from "unpdf";
import { type Extraction, unreadable } from "../../domain/knowledge/extraction/extraction.ts";

/** A book; what is longer is better added in parts. */
const MAX_PAGES = 2_000;

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;
type PdfPage = Awaited<ReturnType<PdfDocument["getPage"]>>;
type TextItem = { str: string; hasEOL: boolean; height: number; transform: number[] };

/** The text of the pages in reading order, as far as the file tells it; pictures of text hold none. */
export async function pdfExtraction(source: Uint8Array<ArrayBuffer>, maxLength: number): Promise<Extraction> {
  // Loaded when the first PDF comes: the reader is half a megabyte that no other request needs.
  const { getDocumentProxy } = await import("unpdf");
  let document: PdfDocument;
  try {
    // The reader takes the bytes over, so it gets its own.
    document = await getDocumentProxy(source.slice(), { verbosity: 0 });
  } catch (error) {
    return unreadable(reasonOf(error));
  }
  try {
    if (document.numPages > MAX_PAGES)
      return unreadable(`The PDF has ${document.numPages} pages; it may have ${MAX_PAGES}.`);
    const text = await pagesText(document, maxLength);
    if (text === "") return unreadable("The PDF holds no text, only pictures of it.");
    return { readable: true, text, format: "plain" };
  } catch {
    return unreadable("The PDF is damaged.");
  } finally {
    await document.loadingTask.destroy();
  }
}

function reasonOf(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  return name === "PasswordException" ? "The PDF is protected by a password." : "The file is not a readable PDF.";
}

async function pagesText(document: PdfDocument, maxLength: number): Promise<string> {
  const pages: string[] = [];
  let length = 0;
  for (let number = 1; number <= document.numPages && length <= maxLength; number++) {
    const page = await document.getPage(number);
    const text = await pageText(page);
    page.cleanup();
    if (text === "") continue;
    pages.push(text);
    length += text.length;
  }
  return pages.join("\n\n");
}

async function pageText(page: PdfPage): Promise<string> {
  const { items } = await page.getTextContent();
  let text = "";
  let before: TextItem | null = null;
  for (const item of items as (TextItem | { type: string })[]) {
    if (!("str" in item)) continue;
    if (before !== null && isNewParagraph(before, item)) text = `${text.trimEnd()}\n\n`;
    text += item.hasEOL ? `${item.str}\n` : item.str;
    if (item.str.trim() !== "") before = item;
  }
  return text.trim();
}

/** A gap of clearly more than a line, or a jump back up to another column. */
function isNewParagraph(before: TextItem, item: TextItem): boolean {
  if (item.str.trim() === "") return false;
  const drop = (before.transform[5] ?? 0) - (item.transform[5] ?? 0);
  const line = Math.max(before.height, item.height, 1);
  return drop > 1.8 * line || drop < -1.8 * line;
}
