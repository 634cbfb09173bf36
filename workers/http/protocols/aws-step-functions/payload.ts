import * as z from "zod";
import type { Json } from "../../../../domain/kernel/json.ts";
import { AwsError } from "./aws-error.ts";

// Inputs and outputs travel as JSON text.

export function jsonInput(text: string): Json {
  const refusal = (why: string) =>
    new AwsError("InvalidExecutionInput", `Invalid State Machine Execution Input: ${why}`);
  return jsonOf(text, refusal);
}

export function jsonOutput(text: string): Json {
  return jsonOf(text, (why) => new AwsError("InvalidOutput", `Invalid Output: ${why}`));
}

function jsonOf(text: string, refusal: (why: string) => AwsError): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refusal("it is not JSON");
  }
  try {
    return z.json().parse(value);
  } catch {
    // What JSON.parse makes is JSON, but may be deeper than the stack.
    throw refusal("it is nested too deep");
  }
}
