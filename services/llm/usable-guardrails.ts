import { type InvalidMember, problem } from "../../domain/kernel/problem.ts";
import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { answerSchema } from "../../domain/llm/guarded-completion.ts";
import type { Guardrail } from "../../domain/llm/guardrail.ts";
import type { ServiceContext } from "../context.ts";
import { findTarget } from "./find-target.ts";

/** Refuses guardrails that could only fail: a JSON Schema that judges nothing, a judge that nobody has. */
export async function requireUsableGuardrails(
  ctx: ServiceContext,
  guardrails: readonly Guardrail[] = [],
): Promise<void> {
  const faults = await Promise.all(guardrails.map((guardrail) => faultOf(ctx, guardrail)));
  const errors = faults.flatMap((fault, index): InvalidMember[] =>
    fault === null ? [] : [{ ...fault, pointer: `/guardrails/${index}${fault.pointer}` }],
  );
  if (errors.length > 0) throw problem("validation-failed", { errors });
}

async function faultOf(ctx: ServiceContext, guardrail: Guardrail): Promise<InvalidMember | null> {
  if (guardrail.type === "json-schema" && guardrail.schema !== undefined) {
    const detail = ctx.ports.schemaJudge.unusable(guardrail.schema);
    return detail === null ? null : { pointer: "/schema", detail };
  }
  if (guardrail.type !== "moderation") return null;
  if ((await findTarget(ctx, guardrail.model)) !== null) return null;
  return { pointer: "/model", detail: "is not a model of a known provider" };
}

/** Refuses a request whose answer would be judged by a schema that judges nothing, before it costs anything. */
export function requireUsableFormat(
  { ports }: ServiceContext,
  request: ChatCompletionRequest,
  guardrails: readonly Guardrail[],
): void {
  const wanted = answerSchema(request, guardrails);
  if (wanted === null || wanted.guardrail.schema !== undefined) return;
  const detail = ports.schemaJudge.unusable(wanted.schema);
  if (detail === null) return;
  throw problem("validation-failed", { errors: [{ pointer: "/response_format/json_schema/schema", detail }] });
}
