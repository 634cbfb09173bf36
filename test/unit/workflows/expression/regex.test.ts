import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patternProblem, regexEngine } from "../../../../domain/workflows/expression/regex.ts";

function counted(limit: number): RegExpConstructor {
  let left = limit;
  return regexEngine((steps) => {
    left -= steps;
    if (left < 0) throw new Error("too many steps");
  });
}

/** All matches, as JSONata walks them. */
function walk(pattern: RegExp, text: string): unknown[] {
  const found: unknown[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null && found.length < 20; match = pattern.exec(text)) {
    found.push([match.index, ...match]);
    if (match[0] === "") break;
  }
  return found;
}

function expectSame(source: string, flags: string, text: string): void {
  const native = new RegExp(source, `g${flags}`);
  expect(walk(new (counted(1_000_000))(native), text), `/${source}/${flags} on ${JSON.stringify(text)}`).toEqual(
    walk(native, text),
  );
}

describe("a counted pattern", () => {
  it.each<[string, string, string]>([
    ["a+b", "", "aab ab b"],
    ["(a|ab)(c|bcd)(d*)", "", "abcd"],
    ["^\\w+$", "m", "one\ntwo words\nthree"],
    ["(\\d{2,3})-(\\d+)?", "", "12-3 4567- 89-"],
    ["(?:x|(y))+", "", "xyx"],
    ["(a*)*", "", "aab"],
    ["(z)((a+)?(b+)?(c))*", "", "zaacbbbcac"],
    ["(?=(a+))a*b\\1", "", "baaabac"],
    ["a(?!b).", "", "abacad"],
    ["\\bfoo\\B.", "", "foo foobar"],
    ["[^a-c\\d\\s]+?", "", "abc12 xyz"],
    ["(.)\\1", "i", "aA bb cD"],
    ["[A-F]+", "i", "xabcDEFg"],
    ["\\u0041\\x42\\t", "", "AB\t"],
    ["a{2}", "", "aaaaa"],
    ["a{", "", "a{"],
    ["[]]|[^]", "", "x]"],
    ["colou?r|gr[ae]y", "i", "Color colour GREY gray"],
    ["", "", "ab"],
  ])("/%s/%s finds in %j what JavaScript finds", (source, flags, text) => {
    expectSame(source, flags, text);
  });

  it("finds what JavaScript finds, for patterns and texts made at random", () => {
    const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\w", "\\b", "^", "$", "(?=a)", "(?!b)");
    const pattern: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        atom,
        fc.tuple(tie("node"), tie("node")).map(([a, b]) => a + b),
        fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a}|${b})`),
        fc
          .tuple(tie("node"), fc.constantFrom("*", "+", "?", "*?", "+?", "{1,2}", "{2}"))
          .map(([a, mark]) => `(${a})${mark}`),
      ),
    })).node;
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom("a", "b", "c", "\n"), maxLength: 8 }), (source, text) => {
        expectSame(source, "", text);
      }),
      { numRuns: 500 },
    );
  });

  it("can be ended, where JavaScript would run for years", () => {
    const Engine = counted(100_000);
    expect(() => new Engine(/(a+)+$/g).exec(`${"a".repeat(50)}b`)).toThrow("too many steps");
  });

  it.each([/(?<=a)b/, /(?<name>a)/, new RegExp("(".repeat(60) + ")".repeat(60)), /((xy){200}){200}/])(
    "refuses %s",
    (pattern) => {
      expect(patternProblem(pattern)).not.toBeNull();
    },
  );
});
