import { notFound } from "../../domain/kernel/problem.ts";
import type { ModelRoute } from "../../domain/llm/model-route.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { findRouteRow } from "./load-route.ts";
import { toModelRoute } from "./table.ts";

export async function getModelRoute(ctx: ServiceContext, name: string): Promise<ModelRoute> {
  requirePermission(ctx, "llm:read");
  const row = await findRouteRow(ctx, name);
  if (row === null) throw notFound("model route");
  return toModelRoute(row);
}
