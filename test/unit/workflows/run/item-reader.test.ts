import { describe, expect, it } from "vitest";
import type { ReaderSettings } from "../../../../domain/workflows/run/event.ts";
import { readItems } from "../../../../domain/workflows/run/item-reader.ts";

function settings(more: Partial<ReaderSettings>): ReaderSettings {
  return {
    resource: "arn:aws:states:::s3:getObject",
    arguments: {},
    inputType: null,
    csvHeaderLocation: null,
    csvHeaders: null,
    csvDelimiter: null,
    itemsPointer: null,
    transformation: null,
    ...more,
  };
}

describe("CSV", () => {
  const csv = settings({ inputType: "CSV", csvHeaderLocation: "FIRST_ROW" });

  it("makes objects of strings; a missing cell is empty, a surplus one is dropped, a blank line does not count", () => {
    expect(readItems("a,b\r\n1,2,3\n\n4\n", csv)).toEqual({
      items: [
        { a: "1", b: "2" },
        { a: "4", b: "" },
      ],
    });
  });

  it("keeps delimiters, quotes and line breaks inside quoted cells", () => {
    expect(readItems('a,b\n"x,1","say ""hi""\nthere"', csv)).toEqual({ items: [{ a: "x,1", b: 'say "hi"\nthere' }] });
  });

  it("takes given headers and another delimiter", () => {
    const given = settings({
      inputType: "CSV",
      csvHeaderLocation: "GIVEN",
      csvHeaders: ["x", "y"],
      csvDelimiter: "PIPE",
    });
    expect(readItems("1|2", given)).toEqual({ items: [{ x: "1", y: "2" }] });
  });

  it("refuses duplicate headers", () => {
    expect(readItems("a,a\n1,2", csv)).toEqual({
      failure: { error: "States.ItemReaderFailed", cause: "CSV headers cannot contain duplicates." },
    });
  });
});

describe("JSON", () => {
  it("must be an array, or have one where ItemsPointer says", () => {
    expect(readItems("[1,2]", settings({ inputType: "JSON" }))).toEqual({ items: [1, 2] });
    expect(readItems('{"a/b":{"c":[3]}}', settings({ itemsPointer: "/a~1b/c" }))).toEqual({ items: [3] });
    expect(readItems('{"a":1}', settings({}))).toEqual({
      failure: { error: "States.ItemReaderFailed", cause: "Attempting to map over non-iterable node." },
    });
  });

  it("that does not parse fails the reader", () => {
    expect(readItems("[1,", settings({}))).toHaveProperty("failure.error", "States.ItemReaderFailed");
  });
});

describe("JSON Lines", () => {
  it("gives one item a line, up to MaxItems; 0 means all", () => {
    const text = '{"a":1}\n\n{"a":2}\n{"a":3}';
    expect(readItems(text, settings({ inputType: "JSONL", maxItems: 2 }))).toEqual({ items: [{ a: 1 }, { a: 2 }] });
    expect(readItems(text, settings({ inputType: "JSONL", maxItems: 0 }))).toHaveProperty("items.length", 3);
  });
});
