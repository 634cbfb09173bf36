// Porter's stemmer, as published in "An algorithm for suffix stripping" (1980), with the two departures of the
// author's own later implementation: "bli" for "abli", and "logi" -> "log".

const CONSONANT = "[^aeiou]";
const VOWEL = "[aeiouy]";
const CONSONANTS = `${CONSONANT}[^aeiouy]*`;
const VOWELS = `${VOWEL}[aeiou]*`;

/** m > 0, m = 1 and m > 1: how often a vowel run is followed by a consonant run. */
const HAS_MEASURE = new RegExp(`^(?:${CONSONANTS})?${VOWELS}${CONSONANTS}`);
const MEASURE_ONE = new RegExp(`^(?:${CONSONANTS})?${VOWELS}${CONSONANTS}(?:${VOWELS})?$`);
const MEASURE_TWO = new RegExp(`^(?:${CONSONANTS})?${VOWELS}${CONSONANTS}${VOWELS}${CONSONANTS}`);
const HAS_VOWEL = new RegExp(`^(?:${CONSONANTS})?${VOWEL}`);
const SHORT_END = new RegExp(`^${CONSONANTS}${VOWEL}[^aeiouwxy]$`);
const DOUBLE_END = /([^aeiouylsz])\1$/;

const STEP_2: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ational: "ate",
    tional: "tion",
    enci: "ence",
    anci: "ance",
    izer: "ize",
    bli: "ble",
    alli: "al",
    entli: "ent",
    eli: "e",
    ousli: "ous",
    ization: "ize",
    ation: "ate",
    ator: "ate",
    alism: "al",
    iveness: "ive",
    fulness: "ful",
    ousness: "ous",
    aliti: "al",
    iviti: "ive",
    biliti: "ble",
    logi: "log",
  }),
);
const STEP_3: ReadonlyMap<string, string> = new Map(
  Object.entries({ icate: "ic", ative: "", alize: "al", iciti: "ic", ical: "ic", ful: "", ness: "" }),
);
const ENDS_2 =
  /^(.+?)(ational|tional|enci|anci|izer|bli|alli|entli|eli|ousli|ization|ation|ator|alism|iveness|fulness|ousness|aliti|iviti|biliti|logi)$/;
const ENDS_3 = /^(.+?)(icate|ative|alize|iciti|ical|ful|ness)$/;
const ENDS_4 = /^(.+?)(al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ou|ism|ate|iti|ous|ive|ize)$/;
const ENDS_4_ION = /^(.+?)(s|t)(ion)$/;

export function porterStem(word: string): string {
  if (word.length < 3) return word;
  const yMarked = word.startsWith("y") ? `Y${word.slice(1)}` : word;
  return step5(step4(mapped(mapped(step1c(step1b(step1a(yMarked))), ENDS_2, STEP_2), ENDS_3, STEP_3))).toLowerCase();
}

function step1a(word: string): string {
  if (/(ss|i)es$/.test(word)) return word.slice(0, -2);
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

function step1b(word: string): string {
  if (word.endsWith("eed")) return HAS_MEASURE.test(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const stem = /^(.+?)(?:ed|ing)$/.exec(word)?.[1];
  if (stem === undefined || !HAS_VOWEL.test(stem)) return word;
  if (/(?:at|bl|iz)$/.test(stem) || SHORT_END.test(stem)) return `${stem}e`;
  return DOUBLE_END.test(stem) ? stem.slice(0, -1) : stem;
}

function step1c(word: string): string {
  return word.endsWith("y") && HAS_VOWEL.test(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word;
}

function mapped(word: string, ends: RegExp, replacements: ReadonlyMap<string, string>): string {
  const [, stem, suffix] = ends.exec(word) ?? [];
  if (stem === undefined || suffix === undefined || !HAS_MEASURE.test(stem)) return word;
  return stem + (replacements.get(suffix) ?? suffix);
}

function step4(word: string): string {
  const stem = ENDS_4.exec(word)?.[1];
  if (stem !== undefined) return MEASURE_TWO.test(stem) ? stem : word;
  const [, before = "", letter = ""] = ENDS_4_ION.exec(word) ?? [];
  return letter !== "" && MEASURE_TWO.test(before + letter) ? before + letter : word;
}

function step5(word: string): string {
  let stem = word;
  if (stem.endsWith("e")) {
    const rest = stem.slice(0, -1);
    if (MEASURE_TWO.test(rest) || (MEASURE_ONE.test(rest) && !SHORT_END.test(rest))) stem = rest;
  }
  return stem.endsWith("ll") && MEASURE_TWO.test(stem) ? stem.slice(0, -1) : stem;
}
