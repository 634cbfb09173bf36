// What kind of thing a question asks for, as far as its words tell: a statement without such a thing is not its answer.

export interface AnswerType {
  /** Words of the question that name the kind. An answer holds one of the kind and need not say the word: "blue", not "colour". */
  readonly names: string;
  isIn(text: string): boolean;
  /** Whether a text has a number of what is counted: "8 weeks" for "how many weeks". */
  counts(text: string): boolean;
}

const COLOURS =
  /\b(?:black|white|gr[ae]y|silver|gold(?:en)?|brown|beige|red|pink|orange|yellow|green|turquoise|teal|cyan|blue|navy|violet|purple|magenta|maroon|crimson|scarlet|colou?rless|transparent)\b/i;
const NUMBERS =
  /\p{N}(?!\p{N}*(?:st|nd|rd|th)\b)|\b(?:no|none|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|millions?|billions?|dozens?|half|third|quarter|once|twice|single|both|several|many|few|all)\b/iu;
const YEARS = /\b\d{3,4}s?\b|\bcentury\b/i;

const KINDS: readonly { asks: RegExp; isIn: RegExp }[] = [
  { asks: /\b(?:what|which) (colou?rs?)\b|\b(colou?r) of\b/i, isIn: COLOURS },
  { asks: /\b(?:what|which) (years?|century|decade)\b/i, isIn: YEARS },
  { asks: /\b(?:what|which) (percentages?|percent|number|amount|share|proportion)\b/i, isIn: NUMBERS },
  { asks: /\bhow (?:many|much|old|far|tall|deep|large|big)\b()/i, isIn: NUMBERS },
];
const COUNTED = /\bhow many (?:more |other |different )?(\p{L}{3,})/iu;

/** `null` for a question whose words leave the kind open, or that is not English. */
export function answerType(question: string): AnswerType | null {
  for (const { asks, isIn } of KINDS) {
    const found = asks.exec(question);
    if (found === null) continue;
    const unit = COUNTED.exec(question)?.[1]?.replace(/s$/, "");
    const counted =
      unit === undefined
        ? null
        : new RegExp(`(?:${NUMBERS.source})[\\p{N}.,]*\\s+(?:[\\p{L}-]+\\s+){0,2}${unit}`, "iu");
    return {
      names: found[1] ?? found[2] ?? "",
      isIn: (text) => isIn.test(text),
      counts: (text) => counted?.test(text) ?? false,
    };
  }
  return null;
}
