import { and, eq, inArray } from "drizzle-orm";
import type { Answer, AnswerUsage, Citation } from "../../domain/knowledge/answer.ts";
import { citedAnswer } from "../../domain/knowledge/answering/citations.ts";
import type { Source } from "../../domain/knowledge/answering/compress.ts";
import { NOT_IN_SOURCES } from "../../domain/knowledge/answering/prompt.ts";
import type { Cost } from "../../domain/llm/price.ts";
import type { TokenUsage } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import { indexedRevision, textKey } from "./revision.ts";
import { documents } from "./table.ts";

const NO_USAGE: AnswerUsage = { promptTokens: 0, completionTokens: 0, totalTokens: 0, costUsdMicros: 0 };

/** What is answered when nothing relevant was found: no model was asked. */
export const REFUSAL: Answer = {
  answer: NOT_IN_SOURCES,
  grounded: false,
  citations: [],
  unsupported: [],
  usage: NO_USAGE,
};

export function answerUsage(usage: TokenUsage | null | undefined, cost: Cost): AnswerUsage {
  return {
    promptTokens: usage?.prompt_tokens ?? 0,
    completionTokens: usage?.completion_tokens ?? 0,
    totalTokens: usage?.total_tokens ?? 0,
    costUsdMicros: cost.usdMicros,
  };
}

/** Reads the model's markers as citations, and keeps those whose quote stands in the stored text at the place they name. */
export async function proveAnswer(
  ctx: ServiceContext,
  said: { text: string; sources: readonly Source[]; usage: AnswerUsage },
): Promise<Answer> {
  const { answer, grounded, citations, unsupported } = citedAnswer(said.text, said.sources);
  const texts = await storedTexts(ctx, citations);
  const proven = citations.filter(
    ({ documentId, start, end, quote }) => texts.get(documentId)?.slice(start, end) === quote,
  );
  return {
    answer: answer === "" ? NOT_IN_SOURCES : answer,
    grounded: grounded && proven.length > 0,
    citations: proven,
    unsupported: [...unsupported],
    usage: said.usage,
  };
}

async function storedTexts(ctx: ServiceContext, citations: readonly Citation[]): Promise<Map<string, string>> {
  if (citations.length === 0) return new Map();
  const ids = [...new Set(citations.map(({ documentId }) => documentId))];
  const rows = await ctx.db
    .select()
    .from(documents)
    .where(and(eq(documents.tenantId, ctx.tenant.id), inArray(documents.id, ids)));
  const texts = await Promise.all(
    rows.map(async (row) => {
      const revision = indexedRevision(row);
      return [row.id, revision === null ? null : await ctx.ports.files.text(textKey(revision))] as const;
    }),
  );
  return new Map(texts.flatMap(([id, text]) => (text === null ? [] : [[id, text]])));
}
