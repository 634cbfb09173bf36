/** Marks that writers leave out as often as not: Latin accents, Arabic harakat and tatweel, Hebrew points. */
const OPTIONAL_MARKS = /[\u0300-\u036F\u0591-\u05C7\u0610-\u061A\u0640\u064B-\u065F\u0670]/g;

/** Lower-cased, compatibility forms unified, optional marks gone. The same word however it was typed. */
export function folded(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  return text.normalize("NFKD").replace(OPTIONAL_MARKS, "").normalize("NFC").toLowerCase();
}

export type Script = "latin" | "ideographic" | "unspaced" | "abjad" | "alphabetic";

export interface ScriptRun {
  readonly script: Script;
  readonly word: string;
}

/** Scripts without spaces, whose terms are runs of characters: one that no text holds is likely to lie across two words. */
export function isCutIntoGrams(script: Script): boolean {
  return script === "ideographic" || script === "unspaced";
}

/** Words of a folded text, cut where the script changes. */
export function scriptRuns(text: string): ScriptRun[] {
  const runs: ScriptRun[] = [];
  if (isAscii(text)) {
    for (const [word] of text.matchAll(ASCII_WORDS)) runs.push({ script: "latin", word });
    return runs;
  }
  for (const [word, latin, ideographic, unspaced, abjad] of text.matchAll(RUNS)) {
    if (latin !== undefined) runs.push({ script: "latin", word });
    else if (ideographic !== undefined) runs.push({ script: "ideographic", word });
    else if (unspaced !== undefined) runs.push({ script: "unspaced", word });
    else if (abjad !== undefined) runs.push({ script: "abjad", word });
    else runs.push({ script: "alphabetic", word });
  }
  return runs;
}

const ASCII_WORDS = /[a-z0-9]+/g;
const RUNS =
  /([\p{Script=Latin}\p{N}]+)|([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー]+)|([\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+)|([\p{Script=Arabic}\p{Script=Hebrew}]+)|((?:(?![\p{Script=Latin}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Arabic}\p{Script=Hebrew}])[\p{L}\p{M}])+)/gu;

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range starts at NUL.
  return /^[\u0000-\u007F]*$/.test(text);
}
