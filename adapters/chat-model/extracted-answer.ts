import { languageOf } from "../../domain/knowledge/analysis/language.ts";
import { terms } from "../../domain/knowledge/analysis/terms.ts";
import { sentences } from "../../domain/knowledge/text/sentences.ts";
import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { estimatedTokens } from "../../domain/llm/token-estimate.ts";
import { type Passage, promptOf } from "./prompt-passages.ts";

export interface ExtractedAnswer {
  text: string;
  /** More would have been said within a larger `max_completion_tokens`. */
  isCut: boolean;
}

export const NO_CONTEXT = "No context was given, and I answer only from the given context.";
export const NOT_IN_CONTEXT = "The given context does not answer this.";

const MAX_SENTENCES = 3;
/** Of the question's weight, the share that its best sentence must hold to count as an answer. */
const MIN_COVERAGE = 0.4;
/** A further sentence is added while it is at least this good beside the best. */
const MIN_SHARE_OF_BEST = 0.7;

interface Candidate {
  marker: number;
  text: string;
  order: number;
  words: ReadonlySet<string>;
}

/** Sentences of the context, word for word and cited, that hold what the question asks for; or says that there is none. */
export function extractedAnswer(request: ChatCompletionRequest): ExtractedAnswer {
  const { question, passages } = promptOf(request.messages);
  if (passages.length === 0) return { text: NO_CONTEXT, isCut: false };
  const chosen = bestSentences(question, passages);
  if (chosen.length === 0) return { text: NOT_IN_CONTEXT, isCut: false };
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY;
  const said: string[] = [];
  let tokens = 0;
  for (const { text, marker } of chosen) {
    const sentence = `${text} [${marker}]`;
    tokens += estimatedTokens(sentence);
    if (tokens > limit) return { text: said.join(" "), isCut: true };
    said.push(sentence);
  }
  return { text: said.join(" "), isCut: false };
}

function bestSentences(question: string, passages: readonly Passage[]): Candidate[] {
  const language = languageOf(passages.map(({ text }) => text).join("\n"));
  const wanted = new Set(terms(question, language));
  const candidates = passages.flatMap(({ marker, text }) =>
    sentences(text).map(({ start, end }) => {
      const sentence = text.slice(start, end);
      return { marker, text: sentence, words: new Set(terms(sentence, language)) };
    }),
  );
  const ordered = candidates.map((candidate, order) => ({ ...candidate, order }));
  const weights = rarity(wanted, ordered);
  const whole = sum([...weights.values()]);
  const scored = ordered
    .map((candidate) => ({ candidate, score: coverage(candidate, weights) / (whole || 1) }))
    .sort((a, b) => b.score - a.score || a.candidate.order - b.candidate.order);
  const best = scored[0]?.score ?? 0;
  if (best < MIN_COVERAGE) return [];
  return scored
    .filter(({ score }) => score >= best * MIN_SHARE_OF_BEST)
    .slice(0, MAX_SENTENCES)
    .map(({ candidate }) => candidate)
    .sort((a, b) => a.order - b.order);
}

/** A word of the question weighs more the fewer sentences hold it; one that none holds weighs most. */
function rarity(wanted: ReadonlySet<string>, candidates: readonly Candidate[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const word of wanted) {
    const holders = candidates.filter(({ words }) => words.has(word)).length;
    weights.set(word, Math.log(1 + (candidates.length + 1) / (holders + 1)));
  }
  return weights;
}

function coverage(candidate: Candidate, weights: ReadonlyMap<string, number>): number {
  return sum([...weights].filter(([word]) => candidate.words.has(word)).map(([, weight]) => weight));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
