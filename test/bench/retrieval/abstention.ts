import { RELEVANT_SCORE } from "../../../domain/knowledge/search.ts";
import { type Collection, indexed, isHeld } from "./collection.ts";
import type { Platform } from "./platform.ts";

export interface Abstention {
  /** Answerable questions whose best result is right and above the threshold, of those whose best result is right. */
  readonly kept: number;
  /** Questions about absent topics whose best result is above the threshold nevertheless. */
  readonly passed: number;
  /** How often a right result scores above one of an absent topic. */
  readonly areaUnderCurve: number;
}

/** Indexes every second article and asks about all of them: half of the questions have no answer here. */
export async function measureAbstention(platform: Platform, index: string, all: Collection): Promise<Abstention> {
  await platform.upsert(index, indexed(all.documents.filter((document) => isHeld(document.id))));
  const searches = await platform.search(
    index,
    all.questions.map((question) => ({ query: question.text, topK: 1 })),
  );
  const right: number[] = [];
  const foreign: number[] = [];
  for (const [at, question] of all.questions.entries()) {
    const best = searches[at]?.results[0];
    if (!isHeld(question.documentId)) foreign.push(best?.score ?? 0);
    else if (best?.documentId === question.documentId) right.push(best.score);
  }
  const above = (scores: readonly number[]) => scores.filter((score) => score >= RELEVANT_SCORE).length / scores.length;
  return { kept: above(right), passed: above(foreign), areaUnderCurve: areaUnderCurve(right, foreign) };
}

function areaUnderCurve(right: readonly number[], foreign: readonly number[]): number {
  const ordered = foreign.toSorted((a, b) => a - b);
  const below = right.map(
    (score) => ordered.filter((other) => other < score).length + ordered.filter((other) => other === score).length / 2,
  );
  return below.reduce((sum, count) => sum + count, 0) / (right.length * foreign.length);
}
