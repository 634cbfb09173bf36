import { actorReference } from "../../domain/kernel/actor.ts";
import { variantFor } from "../../domain/llm/experiment.ts";
import type { ServiceContext } from "../context.ts";
import type { ExperimentRow } from "./table.ts";

/** The part that a call takes in an experiment. */
export interface TakenVariant {
  experimentId: string;
  variant: string;
  /** Asked before the route's own targets. */
  model: string;
}

/** `user` is the end user whom the client names in its request; without one, the caller is the subject. */
export function takenVariant(
  ctx: ServiceContext,
  experiment: ExperimentRow | undefined,
  user: string | null | undefined,
): TakenVariant | null {
  if (experiment === undefined) return null;
  const { type, id } = actorReference(ctx.actor);
  const chosen = variantFor(experiment, user ? `end-user:${user}` : `${type}:${id}`);
  return chosen === null ? null : { experimentId: experiment.id, variant: chosen.name, model: chosen.model };
}
