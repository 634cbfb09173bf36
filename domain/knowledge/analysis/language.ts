import { folded, scriptRuns } from "./script.ts";

/** How the Latin words of a text are reduced: Porter for English, a fixed prefix for every other language. */
export type Language = "english" | "other";

/** Words that are frequent in English and in no other language of the Latin script. */
const MARKERS = new Set([
  "the",
  "and",
  "to",
  "of",
  "that",
  "for",
  "with",
  "was",
  "by",
  "this",
  "are",
  "be",
  "you",
  "how",
]);
const SAMPLE_CHARACTERS = 20_000;
/** Below this many words there is no evidence either way, and English is the likelier. */
const MIN_WORDS = 25;
/** English prose holds about one marker in five words; other languages under one in fifty. */
const MIN_MARKER_SHARE = 0.05;
/** German, French, Spanish and their like carry marks on more than one letter in two hundred. */
const MAX_MARKED_SHARE = 0.005;

export function languageOf(text: string): Language {
  const sample = text.slice(0, SAMPLE_CHARACTERS);
  const words = scriptRuns(folded(sample)).filter((run) => run.script === "latin" && /\p{L}/u.test(run.word));
  const marked = (sample.match(/[\u00C0-\u024F\u1E00-\u1EFF]/g) ?? []).length;
  const letters = words.reduce((sum, run) => sum + run.word.length, 0);
  const markers = words.filter((run) => MARKERS.has(run.word)).length;
  if (words.length < MIN_WORDS) return marked > letters * MAX_MARKED_SHARE && markers === 0 ? "other" : "english";
  return markers >= words.length * MIN_MARKER_SHARE ? "english" : "other";
}
