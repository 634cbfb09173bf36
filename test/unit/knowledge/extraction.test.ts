import { describe, expect, it } from "vitest";
import { csvText, MAX_COLUMNS } from "../../../domain/knowledge/extraction/csv.ts";
import { declaredCharset, decodedText } from "../../../domain/knowledge/extraction/decode.ts";
import { jsonText } from "../../../domain/knowledge/extraction/json.ts";

const LIMIT = 1_000_000;

describe("bytes as text", () => {
  it.each([
    ["UTF-8", [0x63, 0xc3, 0xa9], null, "cé"],
    ["UTF-8 with its mark, which is left out", [0xef, 0xbb, 0xbf, 0x61], null, "a"],
    ["UTF-16 by its mark", [0xff, 0xfe, 0x61, 0x00], null, "a"],
    ["what is declared", [0xe9], "iso-8859-1", "é"],
    ["windows-1252 when it is not UTF-8 and nothing is declared", [0x93, 0xe9, 0x94], null, "“é”"],
  ])("reads %s", (_, bytes, declared, text) => {
    expect(decodedText(Uint8Array.from(bytes), declared)).toBe(text);
  });

  it.each([
    ["a false declaration", [0xe9], "utf-8"],
    ["an unknown encoding", [0x61], "klingon"],
    ["binary data", [0x89, 0x00, 0xff, 0xd8], null],
  ])("finds none in %s", (_, bytes, declared) => {
    expect(decodedText(Uint8Array.from(bytes), declared)).toBeNull();
  });

  it("knows the charset of a content type", () => {
    expect(declaredCharset('text/plain; Charset="UTF-8"')).toBe("UTF-8");
    expect(declaredCharset("text/plain")).toBeNull();
  });
});

describe("a table", () => {
  it("becomes one item a row, with the names of its columns", () => {
    expect(csvText('Name,Room,Note\nAnna,12,"likes ""tea"", milk"\r\nBo,,\n', LIMIT)).toBe(
      '- Name: Anna; Room: 12; Note: likes "tea", milk\n- Name: Bo',
    );
  });

  it("may use another separator, and lines inside of quotes", () => {
    expect(csvText('Name;Text\nA;"one, two\nthree"', LIMIT)).toBe("- Name: A; Text: one, two three");
    expect(csvText("a\tb\n1\t2", LIMIT)).toBe("- a: 1; b: 2");
  });

  it("may be odd: no header names, more cells than names, an open quote, one line, nothing", () => {
    expect(csvText(",b\n1,2,3", LIMIT)).toBe("- 1; b: 2; 3");
    expect(csvText('a\n"open', LIMIT)).toBe("- a: open");
    expect(csvText("only,a,header", LIMIT)).toBe("only; a; header");
    expect(csvText("", LIMIT)).toBe("");
  });

  it("is none when a row is wider than any sheet", () => {
    const wide = ",".repeat(MAX_COLUMNS);
    expect(csvText(`a,b\n${wide.slice(1)}last\n`, LIMIT)).toBe("- last");
    expect(csvText(`a,b\n${wide}\n`, LIMIT)).toBeNull();
    expect(csvText(",".repeat(4_000_000), LIMIT)).toBeNull();
  });

  it("may have more columns than are named: their cells stand by themselves", () => {
    const wide = Array.from({ length: 600 }, (_, column) => `c${column}`).join(",");
    const text = csvText(`${wide}\n${",".repeat(499)}named,bare,${",".repeat(98)}last\n`, LIMIT);
    expect(text).toBe("- c499: named; bare; last");
  });

  it("stops soon after the longest text that is kept", () => {
    const hostile = `${"n".repeat(10_000)}\n${"1\n".repeat(100_000)}`;
    expect(csvText(hostile, 50_000)?.length).toBeLessThan(80_000);
  });
});

describe("data", () => {
  it("becomes one line a value, led by its path, in order", () => {
    const source = JSON.stringify({ name: "Anna", address: { city: "Bern", zip: 3000 }, tags: ["a", "b"], none: null });
    expect(jsonText(source, LIMIT)).toBe("name: Anna\naddress.city: Bern\naddress.zip: 3000\ntags: a\ntags: b");
  });

  it("keeps the items of a list apart, as JSON or as lines of it", () => {
    const text = "id: 1\nok: true\n\nid: 2";
    expect(jsonText('[{"id":1,"ok":true},{"id":2}]', LIMIT)).toBe(text);
    expect(jsonText('{"id":1,"ok":true}\n{"id":2}\n', LIMIT)).toBe(text);
  });

  it("is none when it cannot be parsed", () => {
    expect(jsonText("{", LIMIT)).toBeNull();
    expect(jsonText('{"a":1}\nnonsense', LIMIT)).toBeNull();
  });

  it("may be nested as deep as it likes: the path ends, and nothing is lost", () => {
    const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    const path = Array.from({ length: 32 }, () => "a").join(".");
    expect(jsonText(deep, LIMIT)).toBe(`${path}: 1`);
    expect(jsonText(`[${deep},"after"]`, LIMIT)).toBe(`${path}: 1\n\nafter`);
    expect(jsonText(`${"[".repeat(100_000)}"deep"${"]".repeat(100_000)}`, LIMIT)).toBe("deep");
  });

  it("stops soon after the longest text that is kept", () => {
    const hostile = JSON.stringify({ ["k".repeat(10_000)]: Array.from({ length: 100_000 }, () => 1) });
    expect(jsonText(hostile, 50_000)?.length).toBeLessThan(80_000);
  });
});
