import { expect, it } from "vitest";
import { estimatedAnswerTokens } from "../../../domain/llm/token-estimate.ts";

it("a call of a tool weighs its name and its arguments, in one piece as in many", () => {
  const call = (part: object) => estimatedAnswerTokens({ tool_calls: [{ index: 0, function: part }] });
  const pieces = [{ name: "weather", arguments: "" }, { arguments: '{"city":' }, { arguments: '"Oslo"}' }];
  const whole = estimatedAnswerTokens({
    role: "assistant",
    tool_calls: [
      { id: "call_0123456789", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
    ],
  });
  expect(whole).toBe(6);
  expect(pieces.map(call).reduce((sum, tokens) => sum + tokens)).toBe(whole);
});
