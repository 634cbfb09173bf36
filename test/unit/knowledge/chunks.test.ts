import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_CHUNKING } from "../../../domain/knowledge/knowledge-base.ts";
import { chunks } from "../../../domain/knowledge/text/chunks.ts";
import { normalisedText } from "../../../domain/knowledge/text/normalise.ts";
import { structure, type TextFormat } from "../../../domain/knowledge/text/structure.ts";
import { estimatedTokens } from "../../../domain/knowledge/text/tokens.ts";

function cut(text: string, format: TextFormat = "markdown", chunking = DEFAULT_CHUNKING) {
  return chunks(text, structure(text, format), chunking);
}

const SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank. ";

describe("chunks", () => {
  test.each(["", " \n\n\t \n", "---\ntitle: Leave\n---\n"])(
    "a text with nothing to cut is one empty chunk: %j",
    (text) => {
      expect(cut(text)).toEqual([{ start: 0, end: 0, text: "", headingPath: [], tokens: 0 }]);
    },
  );

  test("a short text is one chunk without its outer white space", () => {
    expect(cut("\n\n  Leave is 30 days.  \n")).toEqual([
      { start: 4, end: 21, text: "Leave is 30 days.", headingPath: [], tokens: expect.any(Number) },
    ]);
  });

  test("a long text is cut near 512 tokens and repeats about 128 of them", () => {
    const text = SENTENCE.repeat(200);
    const found = cut(text);
    expect(found.length).toBeGreaterThan(4);
    for (const [index, chunk] of found.entries()) {
      const next = found[index + 1];
      if (next === undefined) continue;
      expect(chunk.tokens).toBeGreaterThan(450);
      expect(chunk.tokens).toBeLessThanOrEqual(530);
      const overlap = estimatedTokens(text.slice(next.start, chunk.end));
      expect(overlap).toBeGreaterThan(100);
      expect(overlap).toBeLessThan(150);
    }
  });

  test("no chunk reaches over a second-level heading, and each knows the headings it stands under", () => {
    const text =
      "# Handbook\n\n## Leave\n\nThirty days.\n\n### Parental\n\nSixteen weeks.\n\n## Travel\n\nTrains first.\n";
    const found = cut(text);
    expect(found.map((chunk) => [chunk.headingPath, chunk.text])).toEqual([
      [["Handbook", "Leave"], "# Handbook\n\n## Leave\n\nThirty days.\n\n### Parental\n\nSixteen weeks."],
      [["Handbook", "Travel"], "## Travel\n\nTrains first."],
    ]);
  });

  test("a table that is cut names its columns beside every piece but the one that holds them", () => {
    const rows = Array.from({ length: 200 }, (_, n) => `| ${n} | soup with bread |`);
    const found = cut(["| day | meal |", "| --- | --- |", ...rows].join("\n"));
    expect(found.length).toBeGreaterThan(2);
    expect(found.map(({ tableHead }) => tableHead)).toEqual([undefined, ...found.slice(1).map(() => "| day | meal |")]);
    expect(found.slice(1).some(({ text }) => text.includes("day"))).toBe(false);
  });

  test("a table and a code block that fit stay whole", () => {
    const table = ["| day | meal |", "| --- | --- |", ...Array.from({ length: 20 }, (_, n) => `| ${n} | soup |`)].join(
      "\n",
    );
    const code = "```ts\nconst a = 1;\n\n# not a heading\nconst b = 2;\n```";
    const text = `${SENTENCE.repeat(25)}\n\n${table}\n\n${SENTENCE.repeat(20)}\n\n${code}\n`;
    const found = cut(text);
    expect(found.some((chunk) => chunk.text.includes(table))).toBe(true);
    expect(found.some((chunk) => chunk.text.includes(code))).toBe(true);
    expect(found.every((chunk) => chunk.headingPath.length === 0)).toBe(true);
  });

  test("a last piece under 64 tokens joins its neighbour", () => {
    const text = `${SENTENCE.repeat(29)}Bye now.`;
    const found = cut(text);
    expect(found.at(-1)?.text.endsWith("Bye now.")).toBe(true);
    expect(estimatedTokens(text.slice(found.at(-2)?.end ?? 0))).toBeGreaterThan(60);
  });

  test("a sentence without an end is cut at white space, and one without white space between graphemes", () => {
    const family = "👩‍👩‍👧‍👦";
    for (const text of ["word ".repeat(4000), "x".repeat(50_000), family.repeat(3000), "字".repeat(5000)]) {
      const found = cut(text, "plain");
      expect(found.length).toBeGreaterThan(2);
      for (const chunk of found) {
        expect(chunk.text.isWellFormed()).toBe(true);
        expect(chunk.tokens).toBeLessThanOrEqual(580);
      }
      if (text.startsWith(family)) expect(found.every((chunk) => chunk.text.startsWith(family))).toBe(true);
    }
  });

  test("every chunk is a verbatim slice and together they hold all that is not white space", () => {
    const line = fc.constantFrom(
      "# Title",
      "## Part",
      "### Sub",
      "- item one",
      "1. first",
      "| a | b |",
      "| --- | --- |",
      "```",
      "~~~",
      "===",
      "---",
      "",
      "",
      "  indented text",
      "Plain words. And more! Really?",
      "中文句子。还有一句。",
      "مرحبا بالعالم.",
      "🙂🙂",
      SENTENCE.repeat(9),
    );
    const chunking = fc.record({
      maxTokens: fc.integer({ min: 64, max: 256 }),
      overlapTokens: fc.integer({ min: 0, max: 32 }),
    });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 60 }),
        chunking,
        fc.constantFrom("plain", "markdown"),
        (list, sizes, format) => {
          const text = normalisedText(list.join("\n"));
          const body = text.startsWith("---\n") && format === "markdown" ? null : text;
          const found = cut(text, format as TextFormat, sizes);
          let covered = 0;
          for (const [index, chunk] of found.entries()) {
            expect(text.slice(chunk.start, chunk.end)).toBe(chunk.text);
            if (index > 0) expect(chunk.start).toBeGreaterThan(found[index - 1]?.start ?? 0);
            if (body !== null) expect(body.slice(covered, Math.max(covered, chunk.start)).trim()).toBe("");
            covered = Math.max(covered, chunk.end);
          }
          expect(text.slice(covered).trim() === "" || body === null).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  // Work that grows with the square of these lengths would take minutes, far beyond the limit of this test.
  test("hostile shapes come to an end", { timeout: 60_000 }, () => {
    const hostile = [
      "#".repeat(200_000),
      "- ".repeat(100_000),
      "> ".repeat(100_000),
      "```\n".repeat(50_000),
      "|".repeat(200_000),
      `${"a|".repeat(50_000)}\n${"-|".repeat(50_000)}`,
      "- x\n\n".repeat(20_000),
      "   ".repeat(100_000),
      `# ${" #".repeat(100_000)}x`,
      "a\u0301".repeat(60_000),
      "\u0301".repeat(60_000),
      "1.".repeat(100_000),
      "(A.".repeat(60_000),
      "----- ".repeat(300).concat("x\n").repeat(50),
    ];
    for (const text of hostile) {
      expect(cut(normalisedText(text)), text.slice(0, 10)).toBeInstanceOf(Array);
    }
  });
});

describe("normalised text", () => {
  test("composes letters, unifies line ends and drops what cannot be seen", () => {
    expect(normalisedText("\uFEFFcafe\u0301\r\nso\u00ADft\u0000\rend\u2028x\uD800")).toBe("café\nsoft\nend\nx\uFFFD");
  });

  test("is idempotent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (raw) => {
        expect(normalisedText(normalisedText(raw))).toBe(normalisedText(raw));
      }),
    );
  });
});
