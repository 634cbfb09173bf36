// Whether two questions ask the same, so that one may have the answer of the other. Vectors tell the subject of a text, and hardly
// who does what in it, where or when; the local embedder does not even see most small words.
//   L1  Like questions have the same marks, whatever the threshold: figures, and words that turn an answer around.
//   L2  Their telling words are the same, in the same order; each tenth by which the threshold is below 1 lets one differ.

/** Of several languages: the words for no, not, never and without. Lists of languages written without spaces hold their signs. */
const NEGATIONS = `not no never none nor without except unless cannot nicht nichts nie niemals kein keine keinen keinem keiner keines ohne
  pas jamais aucun aucune sans non nunca jamás ningún ninguna sin não nem sem senza niet geen nooit zonder inte ikke aldrig не нет ни без`;
const NEGATIVE_SIGNS = "不|没|沒|无|無|未|非|ない|ません|않|없";
/** They ask for another kind of answer, or for the opposite. */
const TURNING = `who whom whose when where why before after above below over under up down off out from until since more most less least
  fewer only all any both same other`;

const MARKS = new RegExp(
  `\\d+(?:[.,:/-]\\d+)*|n['’]t(?!\\p{L})|(?<!\\p{L})(?:${`${NEGATIONS} ${TURNING}`.split(/\s+/).join("|")})(?!\\p{L})|${NEGATIVE_SIGNS}`,
  "gu",
);

/** Words, single signs of scripts without spaces, and the signs of formulas and programs. */
const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{M}\p{N}]+|[+*/=<>%&|^~$€£¥@#\\{}]+|!=+|(?<!\S)-(?=[\d\s])/gu;
/** They may come and go with the way of asking. */
const SMALL = new Set(
  "a an the of to please kindly hi hello thanks am is are be do does did can could would will i we you me us my our your it its there this that these those".split(
    " ",
  ),
);

/** More words than that between the first and the last that differ are another question. */
const MAX_SPAN = 40;

/** Figures in their order, and words that turn a sentence around. */
export function marksOf(text: string): string {
  return (text.toLowerCase().match(MARKS) ?? []).map((mark) => mark.replace("’", "'")).join(" ");
}

/** The words that tell what is asked: all but the small ones, without the ending of the plural. */
export function tellingWords(text: string): string[] {
  const words = text.normalize("NFKC").toLowerCase().match(WORDS) ?? [];
  return words.filter((word) => !SMALL.has(word)).map((word) => (word.length > 3 ? word.replace(/s$/, "") : word));
}

/** Whether as few words differ as the threshold allows. */
export function areLike(a: readonly string[], b: readonly string[], threshold: number): boolean {
  // A tenth is not exact in binary: 1 - 0.9 is a little less.
  const most = Math.floor((1 - threshold) * 10 + 1e-9);
  let first = 0;
  while (first < a.length && first < b.length && a[first] === b[first]) first++;
  let same = 0;
  while (same < Math.min(a.length, b.length) - first && a.at(-1 - same) === b.at(-1 - same)) same++;
  const [x, y] = [a.slice(first, a.length - same), b.slice(first, b.length - same)];
  if (x.length > MAX_SPAN || y.length > MAX_SPAN || Math.abs(x.length - y.length) > most) return false;
  return editDistance(x, y) <= most;
}

/** Fewest words to add, to leave out and to replace (Levenshtein). */
function editDistance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, word] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries()) {
      const replaced = (row[j] ?? 0) + (word === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
