import type { Context } from "hono";
import { asProblem, problem } from "../../../../domain/kernel/problem.ts";
import { openAiError } from "../../../../domain/llm/openai-error.ts";
import type { HttpEnv } from "../../env.ts";
import { answerError } from "../../middleware/problem.ts";

/** The answers of our own middleware, said as OpenAI's clients read them. */
export function answerOpenAiError(error: unknown, http: Context<HttpEnv>): Response {
  const ours = answerError(error, http);
  const failure = asProblem(error) ?? problem(ours.status < 500 ? "malformed-request" : "internal-error");
  const { status, error: body } = openAiError(failure);
  const headers = new Headers(ours.headers);
  headers.set("content-type", "application/json");
  // The clients retry every 429 and 5xx by themselves; a spent quota, or what would fail the same way again, costs them three calls.
  if (status === 429 || status >= 500) headers.set("x-should-retry", String(failure.retryable));
  return new Response(JSON.stringify({ error: body }), { status, headers });
}
