import { problem } from "../../domain/kernel/problem.ts";
import type { ModelRoute } from "../../domain/llm/model-route.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { getModelRoute } from "./get-model-route.ts";
import { findRouteVersion } from "./list-route-versions.ts";
import { refuseUnknownTargets } from "./put-model-route.ts";
import { settingsOfVersion } from "./table.ts";
import { writeRouteVersion } from "./write-route-version.ts";

/** The route does again what it did as `version`: a new version, so that nothing of the history is lost. */
export async function rollBackModelRoute(ctx: ServiceContext, name: string, version: number): Promise<ModelRoute> {
  requirePermission(ctx, "settings:write");
  await getModelRoute(ctx, name);
  const row = await findRouteVersion(ctx, name, version);
  if (row === null) {
    throw problem("validation-failed", {
      errors: [{ pointer: "/version", detail: "is not a version of this route" }],
    });
  }
  const settings = settingsOfVersion(row);
  await refuseUnknownTargets(ctx, settings.targets, () => "/version");
  const { route } = await writeRouteVersion(ctx, name, settings, version);
  return route;
}
