import { citedAnswer } from "../../../domain/knowledge/answering/citations.ts";
import { compressed } from "../../../domain/knowledge/answering/compress.ts";
import { extractiveAnswer } from "../../../domain/knowledge/answering/extractive.ts";
import { answerMessages, readPrompt } from "../../../domain/knowledge/answering/prompt.ts";
import { type Collection, isHeld } from "./collection.ts";
import type { MeasuredSearch, Platform } from "./platform.ts";

export interface AnswerQuality {
  /** Questions that were answered, of those that the index can answer. */
  readonly answered: number;
  /** Of these, how many cite a passage that holds the expected answer. */
  readonly right: number;
  /** Questions about absent topics that were answered nevertheless. */
  readonly invented: number;
}

/** As the answering service does: least score, passages and tokens of what it reads. */
const MIN_SCORE = 0.35;
const PASSAGES = 5;
const SOURCE_TOKENS = 3_000;

/** Asks the extractive answerer over an index of every second article, which `measureAbstention` has filled. */
export async function measureAnswers(platform: Platform, index: string, all: Collection): Promise<AnswerQuality> {
  const texts = new Map(all.documents.map((document) => [document.id, document.text]));
  const asked = all.questions.map((question) => ({ query: question.text, topK: PASSAGES, minScore: MIN_SCORE }));
  const searches = await platform.search(index, asked);
  const counts = { held: 0, answered: 0, right: 0, foreign: 0, invented: 0 };
  for (const [at, question] of all.questions.entries()) {
    const { grounded, citations } = answered(question.text, searches[at], texts);
    if (!isHeld(question.documentId)) {
      counts.foreign += 1;
      counts.invented += grounded ? 1 : 0;
      continue;
    }
    counts.held += 1;
    counts.answered += grounded ? 1 : 0;
    const isRight = citations.some(
      ({ documentId, start, end }) =>
        documentId === question.documentId && start <= question.start && end >= question.end,
    );
    counts.right += grounded && isRight ? 1 : 0;
  }
  return {
    answered: counts.answered / counts.held,
    right: counts.right / counts.answered,
    invented: counts.invented / counts.foreign,
  };
}

function answered(question: string, search: MeasuredSearch | undefined, texts: ReadonlyMap<string, string>) {
  const passages = (search?.results ?? []).map((result) => ({
    ...result,
    knowledgeBaseId: "kb_bench",
    text: (texts.get(result.documentId) ?? "").slice(result.start, result.end),
  }));
  const sources = compressed(question, passages, SOURCE_TOKENS);
  const prompt = readPrompt(answerMessages(question, sources)[1]?.content ?? "");
  return citedAnswer(extractiveAnswer(question, prompt?.sources ?? []).text, sources);
}
