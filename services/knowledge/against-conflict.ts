import { asProblem } from "../../domain/kernel/problem.ts";

// Enough for as many writers of one document as would ever meet.
const MAX_ATTEMPTS = 4;

/** Loads, decides and commits anew when another writer came between. `attempt` must load all that it decides on. */
export async function againstConflict<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (asProblem(error)?.code !== "conflict" || attempts === MAX_ATTEMPTS) throw error;
    }
  }
}
