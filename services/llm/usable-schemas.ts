import { problem } from "../../domain/kernel/problem.ts";
import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { answerSchema } from "../../domain/llm/guarded-completion.ts";
import type { Guardrail } from "../../domain/llm/guardrail.ts";
import type { ServiceContext } from "../context.ts";

/** Refuses guardrails whose JSON Schema judges nothing. */
export function requireUsableSchemas({ ports }: ServiceContext, guardrails: readonly Guardrail[] = []): void {
  const errors = guardrails.flatMap((guardrail, index) => {
    if (guardrail.type !== "json-schema" || guardrail.schema === undefined) return [];
    const detail = ports.schemaJudge.unusable(guardrail.schema);
    return detail === null ? [] : [{ pointer: `/guardrails/${index}/schema`, detail }];
  });
  if (errors.length > 0) throw problem("validation-failed", { errors });
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
