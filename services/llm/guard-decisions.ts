import type { Finding, Stage } from "../../domain/llm/guardrail.ts";
import type { ServiceContext } from "../context.ts";
import { guardrailDecisions } from "./table.ts";

/** Keeps what guardrails found, without the content it was found in. */
export function noteFindings(
  ctx: ServiceContext,
  route: string | null,
  stage: Stage,
  findings: readonly Finding[],
): void {
  const at = ctx.clock.now();
  const rows = findings.map(({ guardrail, action, found }) => ({
    id: ctx.ids.next("evt"),
    tenantId: ctx.tenant.id,
    at,
    requestId: ctx.requestId,
    route,
    stage,
    guardrail,
    action,
    found,
  }));
  if (rows.length > 0) ctx.later(ctx.db.insert(guardrailDecisions).values(rows).run());
}
