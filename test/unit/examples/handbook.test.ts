import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

interface HandbookQuestion {
  question: string;
  document: string;
  answer: string;
}

const folder = path.join(import.meta.dirname, "../../../examples");
const pages = new Map(
  readdirSync(path.join(folder, "handbook")).map((name) => [
    name,
    readFileSync(path.join(folder, "handbook", name), "utf8"),
  ]),
);
const questions: HandbookQuestion[] = JSON.parse(readFileSync(path.join(folder, "handbook-questions.json"), "utf8"));

describe("the sample handbook", () => {
  it("has ten pages of 600 to 1,200 words, each with a title and sections", () => {
    expect(pages.size).toBe(10);
    for (const [name, text] of pages) {
      const words = text.split(/\s+/).length;
      expect(words, name).toBeGreaterThan(600);
      expect(words, name).toBeLessThan(1_200);
      expect(text.startsWith("# "), name).toBe(true);
      expect(text.match(/^## /gm)?.length, name).toBeGreaterThan(4);
    }
  });

  it.each(questions)("answers once, in $document: $question", ({ document, answer }) => {
    const places = [...pages].flatMap(([name, text]) =>
      text
        .split(answer)
        .slice(1)
        .map(() => name),
    );
    expect(places).toEqual([document]);
  });
});
