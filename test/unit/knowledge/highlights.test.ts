import { describe, expect, it } from "vitest";
import { highlights } from "../../../domain/knowledge/ranking/highlights.ts";

const marked = (query: string, text: string) => highlights(query, text).map(({ start, end }) => text.slice(start, end));

describe("highlights", () => {
  it.each([
    ["inflected words", "parents leaving", "A parent leaves; Parents left. Apparent.", ["parent", "leaves", "Parents"]],
    ["words with and without accents", "cafe", "The Café and the cafe\u0301.", ["Café", "cafe\u0301"]],
    ["ideographs where they stand", "育儿假", "每位员工有十六周育儿假。", ["育儿假"]],
    ["Cyrillic inflections", "отпуск", "Отпуска и отпуском", ["Отпуска", "отпуском"]],
    ["nothing for small words", "how is it", "It is so.", []],
    ["a phrase of small words", "to be or not to be", "They are to be, or not? To be!", ["to be, or not? To be"]],
    ["nothing in nothing", "leave", "", []],
  ])("mark %s", (_, query, text, words) => {
    expect(marked(query, text)).toEqual(words);
  });

  it("are apart from each other and in order", () => {
    const spans = highlights("一二三四", "一二三四 一二 三四");
    for (const [at, span] of spans.entries()) expect(span.start).toBeGreaterThan(spans[at - 1]?.end ?? -1);
  });
});
