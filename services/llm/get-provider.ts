import { notFound } from "../../domain/kernel/problem.ts";
import type { Provider } from "../../domain/llm/provider.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { findProviderRow } from "./find-provider.ts";
import { toProvider } from "./table.ts";

export async function getProvider(ctx: ServiceContext, name: string): Promise<Provider> {
  requirePermission(ctx, "llm:read");
  const row = await findProviderRow(ctx, name);
  if (row === null) throw notFound("provider");
  return toProvider(row);
}
