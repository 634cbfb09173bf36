import { meanMetrics, queryMetrics, wilsonLowerBound } from "../../../domain/knowledge/evaluation/metrics.ts";
import type { Question } from "./collection.ts";

export interface Hit {
  readonly documentId: string;
  readonly start: number;
  readonly end: number;
}

export interface Quality {
  readonly ndcg10: number;
  readonly success1: number;
  readonly success5: number;
  /** What success@5 is at least, in 39 of 40 samples of this size. */
  readonly success5Low: number;
  /** A chunk among the first five holds the whole answer. */
  readonly span5: number;
}

export function quality(questions: readonly Question[], rankings: readonly (readonly Hit[])[]): Quality {
  const at = (k: number) =>
    meanMetrics(
      questions.map((question, index) =>
        queryMetrics(
          (rankings[index] ?? []).map((hit) => hit.documentId),
          new Map([[question.documentId, 1]]),
          k,
        ),
      ),
    );
  const held = questions.filter((question, index) =>
    (rankings[index] ?? []).slice(0, 5).some((hit) => holds(hit, question)),
  );
  const success5 = at(5).success;
  return {
    ndcg10: at(10).ndcg,
    success1: at(1).success,
    success5,
    success5Low: wilsonLowerBound(success5 * questions.length, questions.length),
    span5: held.length / questions.length,
  };
}

function holds(hit: Hit, question: Question): boolean {
  return hit.documentId === question.documentId && hit.start <= question.start && hit.end >= question.end;
}
