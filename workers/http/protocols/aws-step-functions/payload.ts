import * as z from "zod";
import type { Json } from "../../../../domain/kernel/json.ts";
import { AwsError } from "./aws-error.ts";

// Inputs and outputs travel as JSON text.

export function jsonInput(text: string): Json {
  return jsonOf(
    text,
    () => new AwsError("InvalidExecutionInput", "Invalid State Machine Execution Input: it is not JSON"),
  );
}

export function jsonOutput(text: string): Json {
  return jsonOf(text, () => new AwsError("InvalidOutput", "Invalid Output: it is not JSON"));
}

function jsonOf(text: string, refusal: () => AwsError): Json {
  try {
    return z.json().parse(JSON.parse(text));
  } catch {
    throw refusal();
  }
}
