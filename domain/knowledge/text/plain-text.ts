import type { Block } from "./block.ts";
import { lines } from "./lines.ts";
import { trimmed } from "./sentences.ts";

/** Plain text knows paragraphs alone: runs of lines between blank ones. */
export function plainTextBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let start = -1;
  let end = -1;
  const close = () => {
    const span = start === -1 ? null : trimmed(text, start, end);
    if (span !== null) blocks.push({ ...span, kind: "paragraph", level: 0, headingPath: [] });
    start = -1;
  };
  for (const line of lines(text)) {
    if (line.isBlank) {
      close();
    } else {
      if (start === -1) start = line.start;
      end = line.end;
    }
  }
  close();
  return blocks;
}
