import * as z from "zod";
import type { Span } from "./span.ts";

export const PiiKind = z.enum(["iban", "card", "api-key", "email", "phone"]);
export type PiiKind = z.infer<typeof PiiKind>;

// Every expression has a bounded length and begins at a border, so a text is read in time that grows with its length alone.
const CANDIDATES: Record<PiiKind, RegExp> = {
  card: /(?<![\d.,])[2-6](?:[ -]?\d){12,18}(?![\d])/g,
  iban: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])/g,
  "api-key": new RegExp(
    [
      "(?<![A-Za-z0-9_-])(?:sk|pk|rk)[-_](?:[a-z]{2,12}[-_]){0,3}[A-Za-z0-9_-]{20,200}", // OpenAI, Anthropic, Stripe
      "(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", // AWS access key ids
      "(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,255}", // GitHub
      "(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{22,255}",
      "(?<![A-Za-z0-9])xox[abeprs]-[A-Za-z0-9-]{10,250}", // Slack
      "(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}", // Google
      "(?<![A-Za-z0-9])weft_(?:live|test)_[A-Za-z0-9]{36,64}",
      "(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,2000}\\.eyJ[A-Za-z0-9_-]{10,4000}\\.[A-Za-z0-9_-]{10,1000}", // JSON Web Tokens
      "-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----[A-Za-z0-9+/=\\s]{0,8000}(?:-----END (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----)?",
    ].join("|"),
    "g",
  ),
  email: /(?<![\w.%+-])[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9])/g,
  phone: /(?<![\w.+])(?:\+|00)?\(?\d(?:[ ().-]{0,2}\d){6,15}(?![\w])/g,
};

/** The longest that a streamed text is held back for: an address of its greatest length. Longer finds are known by their beginning. */
export const MAX_PII_SPAN = 256;

/** What looks like data of a person or a secret. Of two that overlap the kind that is listed first is meant. */
export function piiSpans(text: string, kinds: readonly PiiKind[] = PiiKind.options): Span[] {
  const spans: Span[] = [];
  for (const kind of PiiKind.options) {
    if (!kinds.includes(kind)) continue;
    for (const match of text.matchAll(CANDIDATES[kind])) {
      const found = confirmed(kind, match[0]);
      if (found === null) continue;
      const span = { kind, start: match.index, end: match.index + found.length };
      if (!spans.some((other) => span.start < other.end && other.start < span.end)) spans.push(span);
    }
  }
  return spans.sort((a, b) => a.start - b.start);
}

/** The part of a candidate that is what it looks like; `null` when none is. */
function confirmed(kind: PiiKind, text: string): string | null {
  switch (kind) {
    case "card":
      return hasLuhnDigit(text.replaceAll(/\D/g, "")) ? text : null;
    case "iban":
      return ibanIn(text);
    case "phone":
      return isPhone(text) ? text : null;
    case "api-key":
    case "email":
      return text;
  }
}

/** ISO/IEC 7812-1 annex B. */
function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && /[^0]/.test(digits);
}

/** ISO 13616: the number must leave 1 by 97. A word in capitals behind it is not a part of it. */
function ibanIn(text: string): string | null {
  for (let rest = text; rest.length >= 15; rest = withoutLastGroup(rest)) {
    if (isIban(rest.replaceAll(" ", ""))) return rest;
    if (!rest.includes(" ")) return null;
  }
  return null;
}

function withoutLastGroup(text: string): string {
  return text.slice(0, Math.max(0, text.lastIndexOf(" ")));
}

function isIban(iban: string): boolean {
  if (iban.length < 15 || iban.length > 34) return false;
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** E.164 has 8 to 15 digits. Without a country's prefix a number is one only when it is grouped like one, or dates would be. */
function isPhone(text: string): boolean {
  const digits = text.replaceAll(/\D/g, "").length;
  if (digits < 7 || digits > 15) return false;
  if (/^\+|^00/.test(text)) return digits >= 8;
  return /^\(\d{2,5}\)[ .-]?\d{2,5}[ .-]?\d{2,5}$|^0?\d{2,4}[ .-]\d{3,4}[ .-]\d{4}$|^0\d{2,4}[ -]\d{5,9}$/.test(text);
}
