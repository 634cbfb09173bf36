// A text as its reader takes it, so that nothing is hidden by how it is written.
//   V1  What no reader sees is nothing. Wide and styled letters, the digits of all scripts, blanks and dashes are those of ASCII,
//       and a letter with its marks is one letter. Everything else is itself.
//   V2  Each place of the plain text leads back to the place of the text that it stands for.

export interface PlainText {
  plain: string;
  /** Where the character of the text begins that stands at this place of the plain one; at its end the end of the text. */
  startOf(place: number): number;
  /** Where the character of the text ends that stands before this place of the plain one. */
  endBefore(place: number): number;
}

/** Letters of Latin, Greek and Cyrillic without marks, and their punctuation: nothing in them is folded. */
const PLAIN = /^[\0-\x7f\u00a1-\u00ac\u00ae-\u024f\u0391-\u03ff\u0400-\u0482\u048a-\u052f\u2018-\u2027\u20ac]*$/;
const FOLDED =
  /[\p{Default_Ignorable_Code_Point}[\p{Nd}--[0-9]][\p{Zs}--[ ]][\p{Pd}--[\-]]\u2212\ufe50-\ufe6b\uff01-\uff5e\u{1d400}-\u{1d7ff}]/gv;
const MARK = /[\u0300-\u036f]/;
const FOLDED_OR_MARKED = new RegExp(`${FOLDED.source}|\\p{L}${MARK.source}+`, "gv");
const INVISIBLE = /^\p{Default_Ignorable_Code_Point}/u;
const BLANK = /^\p{Zs}/u;
const DASH = /^[\p{Pd}\u2212]/u;
const DIGIT = /^\p{Nd}/u;

/** What was folded: the text from `start` to `end` is the plain one from `place` to `after`. */
interface Fold {
  place: number;
  after: number;
  start: number;
  end: number;
}

export function plainText(text: string): PlainText {
  if (PLAIN.test(text)) return { plain: text, startOf: (place) => place, endBefore: (place) => place };
  const folds: Fold[] = [];
  let plain = "";
  let at = 0;
  for (const { 0: match, index } of text.matchAll(MARK.test(text) ? FOLDED_OR_MARKED : FOLDED)) {
    plain += text.slice(at, index);
    const place = plain.length;
    plain += folded(match);
    at = index + match.length;
    folds.push({ place, after: plain.length, start: index, end: at });
  }
  plain += text.slice(at);
  return {
    plain,
    startOf(place) {
      const fold = folds.findLast((one) => one.place <= place);
      if (fold === undefined) return place;
      return place < fold.after ? fold.start : fold.end + place - fold.after;
    },
    endBefore(place) {
      const fold = folds.findLast((one) => one.place < place);
      if (fold === undefined) return place;
      return place <= fold.after ? fold.end : fold.end + place - fold.after;
    },
  };
}

function folded(character: string): string {
  if (INVISIBLE.test(character)) return "";
  if (BLANK.test(character)) return " ";
  if (DASH.test(character)) return "-";
  const compatible = character.normalize("NFKC");
  return DIGIT.test(compatible) ? asciiDigit(compatible) : compatible;
}

/** The decimal digits of a script follow each other, from nought on. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  let zero = code;
  while (DIGIT.test(String.fromCodePoint(zero - 1))) zero--;
  return String((code - zero) % 10);
}
