import { and, eq, isNull } from "drizzle-orm";
import { sha256Hex } from "../../domain/kernel/digest.ts";
import type { Json } from "../../domain/kernel/json.ts";
import { canonicalJson } from "../../domain/kernel/json.ts";
import { type Problem, problem } from "../../domain/kernel/problem.ts";
import { parseDefinition } from "../../domain/workflows/definition/parse.ts";
import type {
  Definition,
  PutWorkflow,
  ValidationReport,
  Workflow,
  WorkflowType,
} from "../../domain/workflows/workflow.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { findVersion, toWorkflow } from "./find-workflow.ts";
import { forgetVersions } from "./known-versions.ts";
import { workflowAliases, workflows, workflowVersions } from "./table.ts";

/** Makes a new version unless the newest is equal. */
export async function putWorkflow(
  ctx: ServiceContext,
  name: string,
  input: PutWorkflow,
): Promise<{ workflow: Workflow; created: boolean }> {
  requirePermission(ctx, "workflows:write");
  const type = input.type ?? "STANDARD";
  const definition = accepted(input.definition, type);
  const description = input.description ?? null;
  const digest = sha256Hex(canonicalJson([definition, type, description]));

  const known = await ctx.db
    .select()
    .from(workflows)
    .where(and(eq(workflows.tenantId, ctx.tenant.id), eq(workflows.name, name)))
    .limit(1);
  const current = known[0];
  if (current !== undefined && current.deletedAt === null) {
    const newest = await findVersion(ctx, name, current.version);
    if (newest?.digest === digest) return { workflow: toWorkflow(current.id, newest), created: false };
  }

  const now = ctx.clock.now();
  const version = (current?.version ?? 0) + 1;
  const id = current?.id ?? ctx.ids.next("wf");
  const row = {
    tenantId: ctx.tenant.id,
    name,
    version,
    type,
    description,
    definition: JSON.stringify(definition),
    digest,
    createdAt: now,
  };
  const head =
    current === undefined
      ? ctx.db.insert(workflows).values({ tenantId: ctx.tenant.id, name, id, version, createdAt: now, updatedAt: now })
      : ctx.db
          .update(workflows)
          .set({ version, updatedAt: now, deletedAt: null })
          .where(
            and(
              eq(workflows.tenantId, ctx.tenant.id),
              eq(workflows.name, name),
              eq(workflows.version, current.version),
            ),
          );
  await commit(ctx, {
    change: [head, ctx.db.insert(workflowVersions).values(row)],
    audit: { action: "workflow.version-created", target: { type: "workflow", id }, details: { name, version, digest } },
  });
  forgetVersions(ctx, name);
  return { workflow: toWorkflow(id, row), created: true };
}

export function validateDefinition(definition: Definition, type: WorkflowType): ValidationReport {
  const { diagnostics } = parseDefinition(definition as string | Json, { type });
  const hasErrors = diagnostics.some((diagnostic) => diagnostic.severity === "ERROR");
  return { result: hasErrors ? "FAIL" : "OK", diagnostics: [...diagnostics] };
}

/** The definition as an object, or the problem that lists what is wrong and where. */
function accepted(definition: Definition, type: WorkflowType): Json {
  const { result, diagnostics } = validateDefinition(definition, type);
  if (result === "FAIL") throw invalidDefinition(diagnostics);
  return typeof definition === "string" ? (JSON.parse(definition) as Json) : definition;
}

/** The problem that says what is wrong with a definition, and where. */
export function invalidDefinition(diagnostics: ValidationReport["diagnostics"]): Problem {
  const errors = diagnostics
    .filter((diagnostic) => diagnostic.severity === "ERROR")
    .map(({ code, message, location }) => ({ pointer: `/definition${location ?? ""}`, detail: message, code }));
  return problem("invalid-definition", { errors, members: { diagnostics } });
}

/** The workflow takes no new runs, and its aliases are gone. Those that run go on, and its versions stay readable to them. */
export async function deleteWorkflow(ctx: ServiceContext, name: string): Promise<void> {
  requirePermission(ctx, "workflows:write");
  await commit(ctx, {
    change: ctx.db
      .update(workflows)
      .set({ deletedAt: ctx.clock.now() })
      .where(and(eq(workflows.tenantId, ctx.tenant.id), eq(workflows.name, name), isNull(workflows.deletedAt))),
    also: [
      ctx.db
        .delete(workflowAliases)
        .where(and(eq(workflowAliases.tenantId, ctx.tenant.id), eq(workflowAliases.workflow, name))),
    ],
    audit: { action: "workflow.deleted", target: { type: "workflow", id: name } },
    conflict: () => problem("not-found", { detail: "No such workflow." }),
  });
  forgetVersions(ctx, name);
}
