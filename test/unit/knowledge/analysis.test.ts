import { describe, expect, test } from "vitest";
import { languageOf } from "../../../domain/knowledge/analysis/language.ts";
import { porterStem } from "../../../domain/knowledge/analysis/porter.ts";
import { GAP, stopPairs } from "../../../domain/knowledge/analysis/stop-pairs.ts";
import { terms, wordsOf } from "../../../domain/knowledge/analysis/terms.ts";
import { estimatedTokens } from "../../../domain/knowledge/text/tokens.ts";

describe("Porter's stemmer", () => {
  // The examples of the paper, one or two for each rule.
  test.each([
    ["caresses", "caress"],
    ["ponies", "poni"],
    ["ties", "ti"],
    ["caress", "caress"],
    ["cats", "cat"],
    ["feed", "feed"],
    ["agreed", "agre"],
    ["plastered", "plaster"],
    ["bled", "bled"],
    ["motoring", "motor"],
    ["sing", "sing"],
    ["conflated", "conflat"],
    ["troubled", "troubl"],
    ["sized", "size"],
    ["hopping", "hop"],
    ["tanned", "tan"],
    ["falling", "fall"],
    ["hissing", "hiss"],
    ["fizzed", "fizz"],
    ["failing", "fail"],
    ["filing", "file"],
    ["happy", "happi"],
    ["sky", "sky"],
    ["relational", "relat"],
    ["conditional", "condit"],
    ["rational", "ration"],
    ["digitizer", "digit"],
    ["conformabli", "conform"],
    ["radicalli", "radic"],
    ["differentli", "differ"],
    ["vileli", "vile"],
    ["vietnamization", "vietnam"],
    ["predication", "predic"],
    ["operator", "oper"],
    ["feudalism", "feudal"],
    ["decisiveness", "decis"],
    ["hopefulness", "hope"],
    ["callousness", "callous"],
    ["formaliti", "formal"],
    ["sensitiviti", "sensit"],
    ["sensibiliti", "sensibl"],
    ["triplicate", "triplic"],
    ["formative", "form"],
    ["formalize", "formal"],
    ["electriciti", "electr"],
    ["electrical", "electr"],
    ["hopeful", "hope"],
    ["goodness", "good"],
    ["revival", "reviv"],
    ["allowance", "allow"],
    ["inference", "infer"],
    ["airliner", "airlin"],
    ["gyroscopic", "gyroscop"],
    ["adjustable", "adjust"],
    ["defensible", "defens"],
    ["irritant", "irrit"],
    ["replacement", "replac"],
    ["adjustment", "adjust"],
    ["dependent", "depend"],
    ["adoption", "adopt"],
    ["homologou", "homolog"],
    ["communism", "commun"],
    ["activate", "activ"],
    ["angulariti", "angular"],
    ["homologous", "homolog"],
    ["effective", "effect"],
    ["bowdlerize", "bowdler"],
    ["probate", "probat"],
    ["rate", "rate"],
    ["cease", "ceas"],
    ["controll", "control"],
    ["roll", "roll"],
    ["yes", "ye"],
    ["generalizations", "gener"],
    ["oscillators", "oscil"],
    ["say", "sai"],
    ["toy", "toi"],
  ])("%s becomes %s", (word, stem) => {
    expect(porterStem(word)).toBe(stem);
  });
});

describe("terms", () => {
  test("English words are stemmed and its grammar dropped", () => {
    expect(terms("How are the employees’ policies approved?", "english")).toEqual(["employe", "polici", "approv"]);
  });

  test("words of other Latin languages are folded and cut to six letters", () => {
    expect(terms("Überprüfungen der Rechnungen", "other")).toEqual(["uberpr", "der", "rechnu"]);
  });

  test("each script has its own units, wherever it changes", () => {
    expect(terms("NFL职业碗 кошками สวัสดี", "english")).toEqual([
      "nfl",
      "职业",
      "业碗",
      "кошка",
      "สวั",
      "วัส",
      "ัสด",
      "สดี",
    ]);
    expect(terms("الْمَدْرَسَة", "english")).toEqual(["المد", "لمدر", "مدرس", "درسة"]);
  });

  test("case, accents and compatibility forms do not matter", () => {
    expect(terms("ＣＡＦＥ\u0301 ﬁle", "english")).toEqual(terms("cafe file", "english"));
  });

  test("numbers and codes are kept whole", () => {
    expect(terms("Error E1042 in 2024", "english")).toEqual(["error", "e1042", "2024"]);
  });

  test("hostile text yields terms or none, never an error", () => {
    for (const text of ["", "🙂", '" OR 1=1 --', "\uD800", "*".repeat(10_000), "a".repeat(100_000)]) {
      expect(() => terms(text, "english")).not.toThrow();
    }
    expect(terms("a".repeat(100_000), "english")[0]?.length).toBeLessThanOrEqual(64);
  });
});

describe("stop pairs", () => {
  const pairsOf = (text: string) => stopPairs(wordsOf(text));

  test("are neighbouring stop words, with a gap where others stand between them", () => {
    expect(pairsOf("To be, or not")).toEqual(["to be", "be or", "or not", GAP]);
    expect(pairsOf("What it is to the king, and to his own")).toEqual([
      ...["what it", "it is", "is to", "to the", GAP],
      ...["and to", "to his", "his own", GAP],
    ]);
    expect(pairsOf("the king of Denmark is a man")).toEqual(["is a", GAP]);
  });

  test("of a text of one stop word are that word; of any other without pairs, none", () => {
    expect(pairsOf("It")).toEqual(["^it$", GAP]);
    for (const text of ["", "king", "the king", "король"]) expect(pairsOf(text)).toEqual([]);
  });
});

describe("language", () => {
  test("tells English from other languages", () => {
    expect(
      languageOf(
        "The employees of the company are entitled to thirty days of leave, and that was agreed by the board for this year with the works council.",
      ),
    ).toBe("english");
    expect(
      languageOf(
        "Die Angestellten der Firma haben Anspruch auf dreißig Tage Urlaub, und das wurde vom Vorstand für dieses Jahr mit dem Betriebsrat vereinbart und gilt nun.",
      ),
    ).toBe("other");
    expect(
      languageOf(
        "Los empleados de la empresa tienen derecho a treinta dias de vacaciones y eso fue acordado por la junta para este ejercicio con el comite de empresa",
      ),
    ).toBe("other");
    expect(languageOf("Refund policy")).toBe("english");
    expect(languageOf("Prüfung")).toBe("other");
  });
});

describe("estimated tokens", () => {
  test("follow the rates of each script", () => {
    expect(estimatedTokens("")).toBe(0);
    expect(estimatedTokens("a cat internationalization")).toBe(1 + 1 + 4);
    expect(estimatedTokens("2024")).toBe(2);
    expect(estimatedTokens("黑豹队的防守")).toBe(6);
    expect(estimatedTokens("-".repeat(100))).toBeLessThan(10);
  });
});
