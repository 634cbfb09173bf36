import { asProblem } from "../../domain/kernel/problem.ts";
import { readRephrasings, rephrasingMessages } from "../../domain/knowledge/ranking/judge-prompt.ts";
import type { Rephrasing } from "../../domain/knowledge/search.ts";
import type { ServiceContext } from "../context.ts";
import { completeChat } from "../llm/complete-chat.ts";
import { askingModels } from "./asking-models.ts";

const TIMEOUT_MS = 10_000;

/** Other words for the same question. None when the model fails: the search then goes on with the question alone. */
export async function rephrasedQuery(
  ctx: ServiceContext,
  query: string,
  { model, count }: Rephrasing,
): Promise<string[]> {
  const messages = rephrasingMessages(query, count).map(({ role, content }) => ({ role, content }));
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const completion = await completeChat(askingModels(ctx), { model, messages }, { signal });
    return readRephrasings(completion.choices[0]?.message.content ?? "", query, count);
  } catch (error) {
    const code = asProblem(error)?.code ?? "internal-error";
    if (code === "not-found" || code === "validation-failed") throw error;
    ctx.log.warn("knowledge.rephrase-failed", { model, code });
    return [];
  }
}
