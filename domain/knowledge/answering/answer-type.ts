// What kind of thing a question asks for, as far as its words tell: a statement without such a thing is not its answer.
import { ANSWER_KINDS, type AnswerKind } from "./answer-kinds.ts";

export interface AnswerType {
  /** Words of the question that name the kind. An answer holds one of the kind and need not say the word: "blue", not "colour". */
  readonly names: string;
  isIn(text: string): boolean;
  /** Whether a text has a number of what is counted: "8 weeks" for "how many weeks". */
  counts(text: string): boolean;
}

/** `null` for a question whose words leave the kind open, or whose language has no table. */
export function answerType(question: string): AnswerType | null {
  for (const kind of ANSWER_KINDS) {
    const found = kind.asks.exec(question);
    if (found === null) continue;
    const counted = countOf(kind, question);
    return {
      names: found[1] ?? found[2] ?? "",
      isIn: (text) => kind.isIn.test(text),
      counts: (text) => counted?.test(text) ?? false,
    };
  }
  return null;
}

/** A number of what the question counts, with two words between them at most; `null` when it does not say what. */
function countOf({ isIn, counted }: AnswerKind, question: string): RegExp | null {
  const unit = counted?.exec(question)?.[1];
  if (unit === undefined) return null;
  return new RegExp(`(?:${isIn.source})[\\p{N}.,]*\\s+(?:[\\p{L}-]+\\s+){0,2}${unit}`, "iu");
}
