import * as z from "zod";
import { problem } from "../../domain/kernel/problem.ts";
import type { CrossEncoder } from "../../services/knowledge/ports.ts";

const MODEL = "@cf/baai/bge-reranker-base";
/** Query and passage share 512 word pieces; a window of 350 words at most leaves room for the query. */
const MAX_CHARACTERS = 1_800;

const Answer = z.object({ response: z.array(z.object({ id: z.int().nonnegative(), score: z.number() })) });

/** What the binding of Workers AI offers of itself, as far as this adapter needs it: its published type lacks `query`. */
export interface RerankerBinding {
  run(model: string, input: { query: string; contexts: { text: string }[] }): Promise<unknown>;
}

/** A passage longer than the model reads is judged by its windows, and the best of them counts. */
export function workersAiCrossEncoder(ai: RerankerBinding): CrossEncoder {
  return {
    name: `workers-ai/${MODEL}`,
    async scores(query, texts) {
      const windows = texts.flatMap((text, index) => windowsOf(text).map((window) => ({ index, text: window })));
      const answer = Answer.safeParse(await asked(ai, query, windows));
      if (!answer.success) throw problem("provider-failed", { detail: "The reranker's answer cannot be read." });
      const logits = answer.data.response.some(({ score }) => score < 0 || score > 1);
      const best = texts.map(() => 0);
      for (const { id, score } of answer.data.response) {
        const index = windows[id]?.index;
        if (index !== undefined) best[index] = Math.max(best[index] ?? 0, logits ? sigmoid(score) : score);
      }
      return best;
    },
  };
}

async function asked(ai: RerankerBinding, query: string, windows: readonly { text: string }[]): Promise<unknown> {
  try {
    return await ai.run(MODEL, { query, contexts: windows.map(({ text }) => ({ text })) });
  } catch (cause) {
    throw problem("provider-failed", { detail: "The reranker did not answer.", cause });
  }
}

/** Two windows at most: what stands in the middle of a passage is in both. */
function windowsOf(text: string): string[] {
  return text.length <= MAX_CHARACTERS ? [text] : [text.slice(0, MAX_CHARACTERS), text.slice(-MAX_CHARACTERS)];
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
