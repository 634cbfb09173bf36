/** A stretch of a text, and what it was found to be. */
export interface Span {
  kind: string;
  start: number;
  end: number;
}

/** The text with a mark in place of every span; spans are in order and do not overlap. */
export function redactedText(text: string, spans: readonly Span[]): string {
  let redacted = "";
  let at = 0;
  for (const { kind, start, end } of spans) {
    redacted += `${text.slice(at, start)}[${kind.toUpperCase()}]`;
    at = end;
  }
  return redacted + text.slice(at);
}

export function countsByKind(spans: readonly { kind: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of spans) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
