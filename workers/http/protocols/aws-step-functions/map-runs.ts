import { executionArn } from "../../../../domain/workflows/arn.ts";
import type { Run } from "../../../../domain/workflows/run-view.ts";
import type { ServiceContext } from "../../../../services/context.ts";

/** `...:mapRun:WORKFLOW/LABEL:ID` of a Map that runs its items as executions of their own. */
export function mapRunArn(ctx: ServiceContext, run: Run, name: string): string {
  return `${executionArn(ctx.tenant.id, run.workflow, run.name).replace(":execution:", ":mapRun:")}/${name}`;
}
