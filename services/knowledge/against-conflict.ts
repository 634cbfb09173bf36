import { asProblem } from "../../domain/kernel/problem.ts";
import { backoff } from "../../domain/kernel/retry.ts";
import type { ServiceContext } from "../context.ts";

// A second and a half in all: of twenty writers of one document, who meet, all come through.
const MAX_ATTEMPTS = 12;
const PAUSE = { firstMs: 10, factor: 2, maxMs: 200 };

/** Loads, decides and commits anew when another writer came between. `attempt` must load all that it decides on. */
export async function againstConflict<T>({ random }: ServiceContext, attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (asProblem(error)?.code !== "conflict" || attempts === MAX_ATTEMPTS) throw error;
    }
    const waitMs = backoff(PAUSE, attempts, random.next());
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
