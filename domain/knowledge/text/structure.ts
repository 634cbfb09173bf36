import type { Block } from "./block.ts";
import { markdownBlocks } from "./markdown.ts";
import { plainTextBlocks } from "./plain-text.ts";

export type TextFormat = "plain" | "markdown";

export function formatOf(contentType: string): TextFormat {
  const [type = ""] = contentType.toLowerCase().split(";");
  return type.trim() === "text/markdown" || type.trim() === "text/x-markdown" ? "markdown" : "plain";
}

export function structure(text: string, format: TextFormat): Block[] {
  return format === "markdown" ? markdownBlocks(text) : plainTextBlocks(text);
}
