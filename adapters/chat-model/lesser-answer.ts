import { isJsonObject, type JsonObject } from "../../domain/kernel/json.ts";

// Answers that are nearly OpenAI's, as servers beside OpenAI write them: choices without an index, calls of tools without an id or with
// arguments that are no text, and content in parts, thoughts among them, as Mistral's reasoning models give it.

/** The answer in OpenAI's form, as far as it can be told; what is none stays as it is. */
export function mendedAnswer(body: JsonObject): JsonObject {
  if (!Array.isArray(body.choices)) return body;
  const choices = body.choices.map((choice, index) =>
    isJsonObject(choice) && isJsonObject(choice.message)
      ? { index, ...choice, message: mendedMessage(choice.message) }
      : choice,
  );
  return { ...body, choices };
}

function mendedMessage(message: JsonObject): JsonObject {
  const { content, tool_calls: calls } = message;
  return {
    ...message,
    ...(Array.isArray(content) && joinedParts(content.filter(isJsonObject))),
    ...(Array.isArray(calls) && { tool_calls: calls.filter(isJsonObject).map(mendedCall) }),
  };
}

function joinedParts(parts: readonly JsonObject[]): JsonObject {
  const thoughts = parts.map(({ thinking }) => textOf(thinking)).join("");
  return { content: parts.map(textOf).join(""), ...(thoughts !== "" && { reasoning_content: thoughts }) };
}

function mendedCall(call: JsonObject, index: number): JsonObject {
  const { name = "", arguments: values = {}, ...more } = isJsonObject(call.function) ? call.function : {};
  const text = typeof values === "string" ? values : JSON.stringify(values);
  return { id: `call_${index}`, type: "function", ...call, function: { ...more, name, arguments: text } };
}

/** Of a text, of a part that is one, or of a list of either. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).join("");
  return isJsonObject(value) && value.type === "text" ? textOf(value.text) : "";
}
