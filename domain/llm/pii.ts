import * as z from "zod";
import { cardLength } from "./card-number.ts";
import { ibanLength } from "./iban.ts";
import { plainText } from "./plain-text.ts";
import type { Span } from "./span.ts";

export const PiiKind = z.enum(["iban", "card", "api-key", "email", "phone"]);
export type PiiKind = z.infer<typeof PiiKind>;

// What looks like data of a person or a secret, in the text as its reader takes it.
//   D1  Every expression has a bounded length and begins at a border, so a text is read in time that grows with its length alone.
//   D2  An expression finds candidates. What proves to be none, or shorter than it looked, is read again from there on.

const CANDIDATES: Record<PiiKind, RegExp> = {
  card: /(?<![\d.,])[2-6](?:(?:[ -]?\d){12,18}|\d{3}(?:[ .-]{1,2}\d{4}){2}[ .-]{1,2}\d{1,7})(?!\d)/g,
  iban: /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}/g,
  "api-key": new RegExp(
    [
      "(?<![A-Za-z0-9_-])(?:sk|pk|rk)[-_](?:[a-z]{2,12}[-_]){0,3}[A-Za-z0-9_-]{20,200}", // OpenAI, Anthropic, Stripe
      "(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", // AWS access key ids
      "(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,255}", // GitHub
      "(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{22,255}",
      "(?<![A-Za-z0-9])gl(?:pat|ptt|dt|rt|cbt)-[A-Za-z0-9_.-]{20,250}", // GitLab
      "(?<![A-Za-z0-9])(?:xox[abeprs]|xapp)-[A-Za-z0-9-]{10,250}", // Slack
      "(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}", // Google
      "(?<![A-Za-z0-9])ya29\\.[A-Za-z0-9_-]{20,250}",
      "(?<![A-Za-z0-9])(?:npm|hf|gsk|r8|whsec|shpat|shpss|dop_v1|doo_v1)_[A-Za-z0-9]{30,100}", // npm, Hugging Face, Groq, and others
      "(?<![A-Za-z0-9])pypi-[A-Za-z0-9_-]{40,250}",
      "(?<![A-Za-z0-9])SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}", // SendGrid
      "(?<![A-Za-z0-9])(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,88}={0,2}", // Azure
      "(?<![A-Za-z0-9])weft_(?:live|test)_[A-Za-z0-9]{36,64}",
      "(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,2000}\\.eyJ[A-Za-z0-9_-]{10,4000}\\.[A-Za-z0-9_-]{10,1000}", // JSON Web Tokens
      "-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----[A-Za-z0-9+/=\\s]{0,8000}(?:-----END (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----)?",
    ].join("|"),
    "g",
  ),
  // An apostrophe within a name is a part of it, one before it a quotation mark.
  email:
    /(?<![\p{L}\p{N}_.%+-])[\p{L}\p{N}_.%+-]{1,64}(?:'[\p{L}\p{N}_.%+-]{1,32})?@(?:[\p{L}\p{N}-]{1,63}\.){1,6}(?:xn--[a-z0-9-]{2,59}|\p{L}{2,24})(?![\p{L}\p{N}])/gu,
  phone: new RegExp(
    [
      "(?<![\\w.+])(?:\\+|00)[1-9](?:[ ()./-]{0,2}\\d){7,14}(?!\\w)", // E.164 has 8 to 15 digits
      // Without a country's prefix a number is one only when it is grouped like one, or dates would be.
      `(?<![\\w.+-])(?:${[
        "8 ?\\(\\d{3}\\) ?\\d{3}-\\d{2}-\\d{2}", // Russia
        "\\(\\d{2,5}\\)[ .-]?\\d{2,5}[ .-]?\\d{2,5}",
        "(?:1[ .-])?\\d{3}[ .-]\\d{3}[ .-]\\d{4}", // North America
        "1\\d{2}[ -]\\d{4}[ -]\\d{4}", // China
        "0\\d(?:[ .-]\\d{2}){4}", // France
        "0\\d{2}[ -]\\d{3}[ -]\\d{2}[ -]\\d{2}", // Switzerland
        "0\\d{1,3}[ .-]\\d{3,4}[ .-]\\d{4}", // Britain, Japan, Australia
        "0\\d{3,4}[ -]\\d{3}[ -]\\d{3}",
        "0\\d{2,4}[ /-]\\d{5,9}", // Germany, Italy
      ].join("|")})(?!\\w)`,
    ].join("|"),
    "g",
  ),
};

/** The longest that a streamed text is held back for: an address of its greatest length. Longer finds are known by their beginning. */
export const MAX_PII_SPAN = 256;

/** Of two that overlap the kind that is listed first is meant. */
export function piiSpans(text: string, kinds: readonly PiiKind[] = PiiKind.options): Span[] {
  const { plain, startOf, endBefore } = plainText(text);
  const spans: Span[] = [];
  for (const kind of PiiKind.options) {
    if (!kinds.includes(kind)) continue;
    for (const span of spansOf(kind, plain)) {
      if (!spans.some((other) => span.start < other.end && other.start < span.end)) spans.push(span);
    }
  }
  return spans
    .sort((a, b) => a.start - b.start)
    .map(({ kind, start, end }) => ({ kind, start: startOf(start), end: endBefore(end) }));
}

function* spansOf(kind: PiiKind, plain: string): Generator<Span> {
  const expression = new RegExp(CANDIDATES[kind]);
  for (let match = expression.exec(plain); match !== null; match = expression.exec(plain)) {
    const start = match.index;
    const length = confirmedLength(kind, match[0]);
    if (length !== null) yield { kind, start, end: start + length };
    expression.lastIndex = start + (length ?? 1);
  }
}

/** How much of a candidate is what it looks like; `null` when nothing is. */
function confirmedLength(kind: PiiKind, candidate: string): number | null {
  switch (kind) {
    case "card":
      return cardLength(candidate);
    case "iban":
      return ibanLength(candidate);
    case "api-key":
      // Chance leaves no key without a digit or a capital; names of CSS classes have neither.
      return /^[a-z_-]+$/.test(candidate) ? null : candidate.length;
    case "email":
    case "phone":
      return candidate.length;
  }
}
