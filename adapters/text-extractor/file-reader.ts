import { DOCX, PDF } from "../../domain/knowledge/extraction/file-type.ts";
import type { TextExtractor } from "../../services/knowledge/ports.ts";

const TYPES = new Set(["text/html", "application/xhtml+xml", PDF, DOCX]);

/** Reads HTML, PDF and DOCX inside the Worker. Each reader is loaded when its first file comes. */
export function fileReader(options: { maxLength: number }): TextExtractor {
  return {
    reads: (mediaType) => TYPES.has(mediaType),
    async extract(source, contentType) {
      if (contentType.startsWith(PDF)) {
        const { pdfExtraction } = await import("./pdf.ts");
        return pdfExtraction(source, options.maxLength);
      }
      if (contentType.startsWith(DOCX)) {
        const { docxExtraction } = await import("./docx.ts");
        return docxExtraction(source);
      }
      const { htmlExtraction } = await import("./html.ts");
      return htmlExtraction(source, contentType);
    },
  };
}
