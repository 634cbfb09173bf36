import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import { MessageRole } from "./chat-completion.ts";

// Nearly all requests have one shape, which a few comparisons prove; the schema judges the others.
//   P1  What the comparisons accept, the schema accepts as the same value.

const MAX_MODEL_LENGTH = 256;
const MAX_MESSAGES = 10_000;
const ROLES: ReadonlySet<unknown> = new Set(MessageRole.options);

// A map and no object: a member may be called `__proto__`.
const MEMBERS = new Map<string, (value: unknown) => boolean>([
  ["model", (value) => typeof value === "string" && value !== "" && value.length <= MAX_MODEL_LENGTH],
  [
    "messages",
    (value) => Array.isArray(value) && isWithin(value.length, 1, MAX_MESSAGES) && value.every(isPlainMessage),
  ],
  ["stream", isFlag],
  [
    "stream_options",
    (value) => isJsonObject(value) && hasOnly(value, ["include_usage"]) && isFlag(value.include_usage),
  ],
  ["temperature", (value) => isWithin(value, 0, 2)],
  ["top_p", (value) => isWithin(value, 0, 1)],
  ["max_completion_tokens", isPositive],
  ["max_tokens", isPositive],
  ["user", (value) => typeof value === "string"],
]);
const MESSAGE_MEMBERS = ["role", "content"];

/** Whether the request is one that `ChatCompletionRequest` takes as it is. `false` says nothing. */
export function isPlainRequest(value: unknown): boolean {
  if (!isJsonObject(value) || value.model === undefined || value.messages === undefined) return false;
  for (const name in value) {
    if (MEMBERS.get(name)?.(value[name]) !== true) return false;
  }
  return true;
}

function isPlainMessage(message: unknown): boolean {
  return (
    isJsonObject(message) &&
    ROLES.has(message.role) &&
    typeof message.content === "string" &&
    hasOnly(message, MESSAGE_MEMBERS)
  );
}

function hasOnly(value: JsonObject, names: readonly string[]): boolean {
  for (const name in value) {
    if (!names.includes(name)) return false;
  }
  return true;
}

function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}

function isWithin(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && value >= min && value <= max;
}

function isPositive(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
