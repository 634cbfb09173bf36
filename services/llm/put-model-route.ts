import { type InvalidMember, problem } from "../../domain/kernel/problem.ts";
import { type PutModelRoute, type RouteTarget, routeSettings } from "../../domain/llm/model-route.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { findTarget } from "./find-target.ts";
import { requireUsableGuardrails } from "./usable-guardrails.ts";
import { type WrittenRoute, writeRouteVersion } from "./write-route-version.ts";

/** Makes the route of that name what `input` says, and tells whether there was none before. */
export async function putModelRoute(ctx: ServiceContext, name: string, input: PutModelRoute): Promise<WrittenRoute> {
  requirePermission(ctx, "settings:write");
  await requireUsableGuardrails(ctx, input.guardrails);
  await refuseUnknownTargets(ctx, input.targets, (index) => `/targets/${index}/model`);
  return writeRouteVersion(ctx, name, routeSettings(input));
}

export async function refuseUnknownTargets(
  ctx: ServiceContext,
  targets: readonly RouteTarget[],
  pointerOf: (index: number) => string,
): Promise<void> {
  const unknown = async (model: string, index: number): Promise<InvalidMember[]> => {
    if ((await findTarget(ctx, model)) !== null) return [];
    return [{ pointer: pointerOf(index), detail: `${model} is not a model of a known provider` }];
  };
  const errors = (await Promise.all(targets.map(({ model }, index) => unknown(model, index)))).flat();
  if (errors.length > 0) throw problem("validation-failed", { errors });
}
