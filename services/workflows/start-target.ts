import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { getAlias } from "./aliases.ts";
import { loadVersion } from "./find-workflow.ts";

/** What a standing order starts: a workflow's newest version, one of its versions, or what an alias leads to. */
export interface StartTarget {
  workflow: string;
  version: number | null;
  alias: string | null;
}

export async function requireStartTarget(
  ctx: ServiceContext,
  { workflow, version, alias }: StartTarget,
): Promise<void> {
  if (version !== null && alias !== null) {
    const errors = [{ pointer: "/alias", detail: "version and alias exclude each other" }];
    throw problem("validation-failed", { errors });
  }
  try {
    await loadVersion(ctx, workflow, version ?? undefined);
    if (alias !== null) await getAlias(ctx, workflow, alias);
  } catch (error) {
    if (asProblem(error)?.code !== "not-found") throw error;
    const errors = [{ pointer: "/workflow", detail: "names nothing that can be started" }];
    throw problem("validation-failed", { errors });
  }
}
