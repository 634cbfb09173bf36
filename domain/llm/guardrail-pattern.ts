import * as z from "zod";
import { plainText } from "./plain-text.ts";

/** What one `*` may stand for. With one star a pattern, the work on a text stays within this many looks at each character. */
const STAR_CHARACTERS = 64;
const MAX_PATTERN = 128;

export const BannedPattern = z
  .string()
  .min(2)
  .max(MAX_PATTERN)
  .refine((pattern) => (pattern.match(/\*/g)?.length ?? 0) <= 1, "may hold one `*` at most")
  .refine((pattern) => /[^*?\s]/.test(plainText(pattern).plain), "must hold more than wildcards")
  .describe(`Words, in any case. \`?\` stands for one character, \`*\` for up to ${STAR_CHARACTERS}.`)
  .meta({ example: "project * falcon" });

/** The longest text that a banned pattern matches. */
export const MAX_BANNED_SPAN = MAX_PATTERN + STAR_CHARACTERS;

/** One expression for all patterns, for texts that were made plain. Words match as wholes in scripts that put spaces between them. */
export function bannedExpression(patterns: readonly string[]): RegExp {
  return new RegExp(patterns.map(sourceOf).join("|"), "giu");
}

const SPACED_LETTER = "[\\p{Script=Latin}\\p{Script=Cyrillic}\\p{Script=Greek}\\p{N}]";
const spacedLetter = new RegExp(SPACED_LETTER, "u");

function sourceOf(pattern: string): string {
  const characters = [...plainText(pattern).plain.trim()];
  const source = characters.map(characterSource).join("");
  const before = spacedLetter.test(characters[0] ?? "") ? `(?<!${SPACED_LETTER})` : "";
  const after = spacedLetter.test(characters.at(-1) ?? "") ? `(?!${SPACED_LETTER})` : "";
  return `${before}${source}${after}`;
}

function characterSource(character: string): string {
  if (character === "*") return `[^]{0,${STAR_CHARACTERS}}?`;
  if (character === "?") return "[^]";
  if (/\s/.test(character)) return "\\s{1,4}";
  return /[\p{L}\p{N}]/u.test(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
