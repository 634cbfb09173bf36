import { idOf } from "../../domain/kernel/id.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { Run } from "../../domain/workflows/run-view.ts";
import type { StartRunInput } from "../../domain/workflows/workflow.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { loadVersion } from "./find-workflow.ts";
import { actOf } from "./run-act.ts";

// ASL: 262,144 bytes for one input.
const MAX_INPUT_BYTES = 262_144;

/**
 * Starts a run. A name makes it idempotent: its id follows from the name, so the run's own object decides whether it exists,
 * and the same name with equal input answers the same run.
 */
export async function startRun(
  ctx: ServiceContext,
  workflow: string,
  input: StartRunInput,
  parentRunId?: string,
): Promise<{ run: Run; created: boolean }> {
  requirePermission(ctx, "runs:write");
  if (input.alias !== undefined) throw problem("not-found", { detail: "No such alias." });
  const value = input.input ?? {};
  if (Buffer.byteLength(JSON.stringify(value)) > MAX_INPUT_BYTES) {
    throw problem("validation-failed", {
      errors: [{ pointer: "/input", detail: `has more than ${MAX_INPUT_BYTES} bytes as JSON` }],
    });
  }
  const { row } = await loadVersion(ctx, workflow, input.version);
  const runId =
    input.name === undefined ? ctx.ids.next("run") : idOf("run", `${ctx.tenant.id}\n${workflow}\n${input.name}`);
  return ctx.ports.runActors.of(ctx.tenant.id, runId).start({
    tenantId: ctx.tenant.id,
    runId,
    workflow,
    version: row.version,
    type: row.type,
    definition: row.definition,
    name: input.name ?? runId,
    input: value,
    traceId: ctx.trace.traceId,
    ...(parentRunId !== undefined && { parentRunId }),
    act: actOf(ctx, "run.started"),
  });
}
