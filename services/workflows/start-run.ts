import type { Json } from "../../domain/kernel/json.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { childRunId, namedRunId } from "../../domain/workflows/arn.ts";
import { MAX_JSON_DEPTH } from "../../domain/workflows/expression/json-depth.ts";
import { payloadFault } from "../../domain/workflows/run/payload.ts";
import type { Run } from "../../domain/workflows/run-view.ts";
import type { StartRunInput, WorkflowType } from "../../domain/workflows/workflow.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { payloadLimit } from "../tenants/payload-limit.ts";
import { versionOfAlias } from "./aliases.ts";
import type { VersionRow } from "./find-workflow.ts";
import { versionToStart } from "./known-versions.ts";
import { newRunId } from "./new-run-id.ts";
import type { StartRunRequest } from "./ports.ts";
import { actOf } from "./run-act.ts";
import { orArchived, startedBefore } from "./run-archive.ts";
import { takePermit } from "./run-slots.ts";

/** Enough for any honest nesting; a workflow that starts itself for ever ends here. */
export const MAX_DEPTH = 32;

/** The run whose task starts this one. */
export interface Parent {
  runId: string;
  /** Of the task: the same after a crash, so that a repeated start finds the same child. */
  key: string;
  depth: number;
  isWaiting: boolean;
}

/**
 * Starts a run. A name makes it idempotent: its id follows from the name, so the run's own object decides whether it exists,
 * and the same name with equal input answers the same run.
 */
export async function startRun(
  ctx: ServiceContext,
  workflow: string,
  input: StartRunInput,
  options: { waitSeconds?: number; parent?: Parent; depth?: number } = {},
): Promise<{ run: Run; created: boolean }> {
  requirePermission(ctx, "runs:write");
  const value = input.input === undefined ? {} : input.input;
  const { name, alias } = input;
  const version = alias === undefined ? input.version : await versionOfAlias(ctx, workflow, alias, name);
  const [{ row }, maxPayloadBytes] = await Promise.all([versionToStart(ctx, workflow, version), payloadLimit(ctx)]);
  requirePayload(value, maxPayloadBytes);
  const qualifier = alias ?? input.version?.toString();
  const { parent } = options;
  const runId = runIdOf(ctx, row, name, parent);
  const request: StartRunRequest = {
    tenantId: ctx.tenant.id,
    runId,
    workflow,
    version: row.version,
    ...(qualifier !== undefined && { qualifier }),
    type: row.type,
    definition: row.definition,
    name: name ?? runId,
    input: value,
    maxPayloadBytes,
    traceId: ctx.trace.traceId,
    depth: parent === undefined ? (options.depth ?? 0) : parent.depth + 1,
    ...(parent !== undefined && { parentRunId: parent.runId }),
    ...(parent?.isWaiting === true && { waiter: { runId: parent.runId, key: parent.key } }),
    slot: await slotOf(ctx, row.type, parent),
    act: actOf(ctx, "run.started"),
  };
  return orArchived(
    () => ctx.ports.runActors.of(ctx.tenant.id, runId).start(request, options.waitSeconds),
    () => startedBefore(ctx, request),
  );
}

/** See domain/workflows/run-slots.ts for who needs one. */
async function slotOf(
  ctx: ServiceContext,
  type: WorkflowType,
  parent: Parent | undefined,
): Promise<StartRunRequest["slot"]> {
  if (type === "EXPRESS" || parent?.isWaiting === true) return null;
  return { leaseId: await takePermit(ctx, ctx.tenant.id) };
}

function runIdOf(ctx: ServiceContext, row: VersionRow, name: string | undefined, parent: Parent | undefined): string {
  if (name !== undefined) return namedRunId(ctx.tenant.id, row.name, name);
  if (parent !== undefined) return childRunId(ctx.tenant.id, parent.runId, parent.key);
  return newRunId(ctx, row.definition);
}

function requirePayload(input: Json, maxBytes: number): void {
  const fault = payloadFault(input, maxBytes);
  if (fault === null) return;
  const detail =
    fault === "too-large"
      ? `has more than ${maxBytes} bytes as JSON`
      : `is nested deeper than ${MAX_JSON_DEPTH} levels`;
  throw problem("validation-failed", { errors: [{ pointer: "/input", detail }] });
}
