import type { Finding, Guardrail, Stage } from "./guardrail.ts";
import { bannedExpression, MAX_BANNED_SPAN } from "./guardrail-pattern.ts";
import { injectionSigns } from "./injection.ts";
import { MAX_PII_SPAN, piiSpans } from "./pii.ts";
import { plainText } from "./plain-text.ts";
import { countsByKind, redactedText, type Span } from "./span.ts";

/** A text of a call. `isUntrusted`: it came from outside, and may try to instruct the model. */
export interface GuardedText {
  text: string;
  isUntrusted: boolean;
}

export interface Judgement {
  /** In the order of the given ones, redacted where that was asked for. */
  texts: string[];
  findings: Finding[];
}

export function isBlocked({ findings }: Judgement): boolean {
  return findings.some(({ action }) => action === "block");
}

/** All texts of one side of a call, judged by every guardrail of that side. A block ends it: what follows is not looked at. */
export function judged(given: readonly GuardedText[], guardrails: readonly Guardrail[], stage: Stage): Judgement {
  let texts = given.map(({ text }) => text);
  const findings: Finding[] = [];
  for (const guardrail of guardrails) {
    const { found, redacted } = looked(guardrail, texts, given, stage);
    if (Object.keys(found).length === 0) continue;
    const action = guardrail.action;
    findings.push({ guardrail: guardrail.type, action, found });
    if (action === "block") break;
    if (action === "redact") texts = redacted;
  }
  return { texts, findings };
}

interface Look {
  found: Record<string, number>;
  redacted: string[];
}

function looked(guardrail: Guardrail, texts: string[], given: readonly GuardedText[], stage: Stage): Look {
  switch (guardrail.type) {
    case "size": {
      const most = stage === "input" ? guardrail.maxInputCharacters : guardrail.maxOutputCharacters;
      const size = texts.reduce((sum, text) => sum + text.length, 0);
      return { found: most !== undefined && size > most ? { characters: size } : {}, redacted: texts };
    }
    case "banned-content":
    case "pii": {
      const spans = texts.map((text) => spansOf(guardrail, text, stage));
      return {
        found: countsByKind(spans.flat()),
        redacted: texts.map((text, at) => redactedText(text, spans[at] ?? [])),
      };
    }
    case "prompt-injection": {
      if (stage === "output") return { found: {}, redacted: texts };
      const kinds = texts
        .filter((_, at) => given[at]?.isUntrusted === true)
        .map(injectionSigns)
        .filter(({ score }) => score >= guardrail.threshold)
        .flatMap((signs) => signs.kinds.map((kind) => ({ kind })));
      return { found: countsByKind(kinds), redacted: texts };
    }
    // Judged by what they ask: a validator, a model.
    case "json-schema":
    case "moderation":
      return { found: {}, redacted: texts };
  }
}

/** What a guardrail that looks for stretches of text finds. */
export function spansOf(guardrail: Guardrail, text: string, stage: Stage): Span[] {
  if (guardrail.type === "pii" && isOn(guardrail.on, stage)) return piiSpans(text, guardrail.kinds);
  if (guardrail.type !== "banned-content" || !isOn(guardrail.on, stage)) return [];
  const { plain, startOf, endBefore } = plainText(text);
  return [...plain.matchAll(expressionOf(guardrail))].map(({ 0: match, index }) => ({
    kind: "banned",
    start: startOf(index),
    end: endBefore(index + match.length),
  }));
}

/** How many characters of a stream must be held back to see a whole match; 0 when nothing looks at the output. */
export function heldCharacters(guardrails: readonly Guardrail[]): number {
  const lengths = guardrails.map((guardrail) => {
    if (guardrail.type === "pii" && isOn(guardrail.on, "output")) return MAX_PII_SPAN;
    if (guardrail.type === "banned-content" && isOn(guardrail.on, "output")) return MAX_BANNED_SPAN;
    return guardrail.type === "size" && guardrail.maxOutputCharacters !== undefined ? 1 : 0;
  });
  return Math.max(0, ...lengths);
}

const expressions = new WeakMap<Guardrail, RegExp>();

function expressionOf(guardrail: Guardrail & { type: "banned-content" }): RegExp {
  const known = expressions.get(guardrail) ?? bannedExpression(guardrail.patterns);
  expressions.set(guardrail, known);
  return known;
}

export function isOn(on: "input" | "output" | "both", stage: Stage): boolean {
  return on === "both" || on === stage;
}
