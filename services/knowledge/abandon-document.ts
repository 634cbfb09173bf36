import { requirePermission, type ServiceContext } from "../context.ts";
import type { Ingestion } from "./revision.ts";
import { settleFailed } from "./settle-ingestion.ts";

/** What becomes of a document whose job somebody took back: it fails, and says why. One that was settled before stays as it is. */
export async function abandonDocument(ctx: ServiceContext, ingestion: Ingestion): Promise<void> {
  requirePermission(ctx, "jobs:write");
  await settleFailed(ctx, ingestion, "Its job was cancelled.");
}
