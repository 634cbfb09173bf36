/** By the first digits of an issuer's numbers, how many digits they have, the longest first (ISO/IEC 7812-1). */
const ISSUERS: readonly (readonly [first: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [19, 16, 13]], // Visa
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^3(?:0[0-5]|[689])/, [19, 18, 17, 16, 14]], // Diners Club
  [/^35(?:2[89]|[3-8])/, [19, 18, 17, 16]], // JCB
  [/^220[0-4]/, [19, 18, 17, 16]], // Mir
  [/^(?:6011|64[4-9]|65|62)/, [19, 18, 17, 16]], // Discover, UnionPay
  [/^(?:50|5[6-9]|6)/, [19, 18, 17, 16, 15, 14, 13]], // Maestro
];

/** How many characters of a text that begins with a digit are a card's number, separators included; `null` when none are. */
export function cardLength(text: string): number | null {
  const digits = text.replaceAll(/\D/g, "");
  for (const [first, lengths] of ISSUERS) {
    if (!first.test(digits)) continue;
    for (const length of lengths) {
      const end = endOf(text, length);
      if (end !== null && isLuhn(digits.slice(0, length))) return end;
    }
  }
  return null;
}

/** Behind so many digits; `null` where there are fewer, or where another digit follows at once. */
function endOf(text: string, digits: number): number | null {
  let left = digits;
  for (let at = 0; at < text.length; at++) {
    if (isDigit(text, at) && --left === 0) return isDigit(text, at + 1) ? null : at + 1;
  }
  return null;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** ISO/IEC 7812-1 annex B. */
function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
