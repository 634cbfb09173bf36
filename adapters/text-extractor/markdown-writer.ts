// Writes what a reader of files finds as Markdown, so that headings, lists and tables survive into the chunks.

type BlockKind = "paragraph" | "heading" | "item" | "row" | "code";

export interface MarkdownWriter {
  /** Text of the current block; white space is folded, save in code. */
  text(text: string): void;
  /** Ends the current block and begins one of this kind. Inside a table's cell it is only white space. */
  begin(kind: "paragraph" | "item" | "code"): void;
  heading(level: number): void;
  beginTable(): void;
  beginRow(): void;
  beginCell(): void;
  endRow(): void;
  endTable(): void;
  end(): string;
  /** Characters written so far. */
  readonly length: number;
}

export function markdownWriter(): MarkdownWriter {
  const blocks: string[] = [];
  let length = 0;
  let last: BlockKind | null = null;
  let kind: BlockKind = "paragraph";
  let level = 0;
  let current: string[] = [];
  // One for each table that is open: tables may stand in cells of others, whose text they then are.
  let depth = 0;
  let cells: string[] | null = null;
  let isFirstRow = false;

  function flush(): void {
    const raw = current.join("");
    current = [];
    const text = kind === "code" ? raw.replace(/^\n+|\s+$/g, "") : raw.replace(/\s+/g, " ").trim();
    if (text === "") return;
    push(kind, decorated(kind, level, text));
  }

  function push(next: BlockKind, text: string): void {
    const isTogether = next === last && (next === "item" || next === "row");
    const block = `${blocks.length === 0 ? "" : isTogether ? "\n" : "\n\n"}${text}`;
    blocks.push(block);
    length += block.length;
    last = next;
  }

  function start(next: BlockKind, nextLevel = 0): void {
    if (cells !== null) {
      current.push(" ");
      return;
    }
    flush();
    kind = next;
    level = nextLevel;
  }

  function endCell(): void {
    if (cells === null) return;
    if (cells.length > 0) cells[cells.length - 1] = current.join("").replace(/\s+/g, " ").trim().replaceAll("|", "\\|");
    current = [];
  }

  return {
    get length() {
      return length;
    },
    text(text) {
      current.push(text);
    },
    begin: (next) => start(next),
    heading: (nextLevel) => start("heading", nextLevel),
    beginTable() {
      depth += 1;
      if (depth > 1) return;
      start("paragraph");
      isFirstRow = true;
    },
    beginRow() {
      if (depth !== 1) return;
      this.endRow();
      cells = [];
    },
    beginCell() {
      if (depth !== 1 || cells === null) {
        current.push(" ");
        return;
      }
      endCell();
      cells.push("");
    },
    endRow() {
      if (depth !== 1 || cells === null) return;
      endCell();
      const row = cells;
      cells = null;
      if (row.every((cell) => cell === "")) return;
      push("row", `| ${row.join(" | ")} |`);
      if (isFirstRow) push("row", `|${" --- |".repeat(row.length)}`);
      isFirstRow = false;
    },
    endTable() {
      if (depth === 1) this.endRow();
      depth = Math.max(0, depth - 1);
      if (depth === 0) last = last === "row" ? "paragraph" : last;
    },
    end() {
      cells = null;
      flush();
      return blocks.join("");
    },
  };
}

function decorated(kind: BlockKind, level: number, text: string): string {
  switch (kind) {
    case "heading":
      return `${"#".repeat(level)} ${text}`;
    case "item":
      return `- ${text}`;
    case "code":
      return `\`\`\`\n${text}\n\`\`\``;
    case "paragraph":
    case "row":
      return text;
  }
}
