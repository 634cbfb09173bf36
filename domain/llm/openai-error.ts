import * as z from "zod";
import { isJsonObject } from "../kernel/json.ts";
import type { InvalidMember, Problem, ProblemCode } from "../kernel/problem.ts";

/** The body of an error in the form that OpenAI's clients read. */
export const OpenAiErrorBody = z
  .strictObject({
    error: z.strictObject({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  })
  .meta({ id: "OpenAiError", description: "An error as OpenAI's clients read it" });

export interface OpenAiError extends z.infer<typeof OpenAiErrorBody> {
  status: number;
}

const TYPES: Partial<Record<ProblemCode, readonly [status: number, type: string, code: string | null]>> = {
  unauthenticated: [401, "invalid_request_error", "invalid_api_key"],
  forbidden: [403, "invalid_request_error", "insufficient_permissions"],
  "tenant-suspended": [403, "invalid_request_error", "account_deactivated"],
  "not-found": [404, "invalid_request_error", "model_not_found"],
  "validation-failed": [400, "invalid_request_error", null],
  "content-blocked": [400, "invalid_request_error", "content_filter"],
  "provider-refused": [400, "invalid_request_error", null],
  "rate-limited": [429, "requests", "rate_limit_exceeded"],
  "quota-exceeded": [429, "insufficient_quota", "insufficient_quota"],
  unavailable: [503, "server_error", "overloaded"],
};

export function openAiError(failure: Problem): OpenAiError {
  const fallbackType = failure.status >= 500 ? "server_error" : "invalid_request_error";
  // What the provider limits is a limit to its caller too, who knows how to wait for it.
  const isLimited = failure.code === "provider-failed" && failure.members.providerStatus === 429;
  const known = TYPES[isLimited ? "rate-limited" : failure.code];
  const [status, type, code] = known ?? [failure.status, fallbackType, failure.code.replaceAll("-", "_")];
  const [invalid] = failure.errors ?? [];
  const message = invalid === undefined ? failure.message : sentence(invalid);
  const error = { message, type, param: invalid === undefined ? null : memberName(invalid.pointer), code };
  return failure.code === "provider-refused" ? asProviderSaid(failure, { status, error }) : { status, error };
}

/** A detail is a sentence of its own, or what is to be said of the member. */
function sentence({ pointer, detail }: InvalidMember): string {
  const isWhole = /^\p{Lu}/u.test(detail);
  return `${memberName(pointer) ?? "The body"}${isWhole ? ":" : ""} ${detail}.`;
}

/** A provider's refusal of the request itself is told as the provider told it: the client was written against its words. */
function asProviderSaid(failure: Problem, ours: OpenAiError): OpenAiError {
  const { providerStatus, providerError } = failure.members;
  if (typeof providerStatus !== "number" || !isJsonObject(providerError)) return ours;
  const member = (name: string) => (typeof providerError[name] === "string" ? providerError[name] : null);
  return {
    status: providerStatus,
    error: {
      message: member("message") ?? ours.error.message,
      type: member("type") ?? ours.error.type,
      param: member("param"),
      code: member("code") ?? (providerStatus === 404 ? "model_not_found" : null),
    },
  };
}

/** `/messages/0/content` is `messages[0].content` in OpenAI's words. */
function memberName(pointer: string): string | null {
  const name = pointer
    .replace(/^[/?]/, "")
    .replaceAll(/\/(\d+)(?=\/|$)/g, "[$1]")
    .replaceAll("/", ".");
  return name === "" ? null : name;
}
