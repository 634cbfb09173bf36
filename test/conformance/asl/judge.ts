import { validationMessage } from "../../../domain/workflows/definition/diagnostic.ts";
import type { MachineType } from "../../../domain/workflows/definition/machine.ts";
import { parseDefinition } from "../../../domain/workflows/definition/parse.ts";
import type { Case } from "./cases.ts";
import { differences, testDifferences } from "./compare.ts";
import { play, playState } from "./player.ts";

/** What is wrong with our answer to one case; empty where it passes. */
export async function judge(recorded: Case): Promise<string[]> {
  const source = recorded.definitionText ?? recorded.definition ?? null;
  const { machine, diagnostics } = parseDefinition(source, { type: machineType(recorded) });
  switch (recorded.kind) {
    case "execution":
      return machine === null ? [validationMessage(diagnostics)] : differences(recorded, await play(recorded, machine));
    case "state":
      return testDifferences(recorded, await playState(recorded));
    case "valid":
      return machine === null ? [validationMessage(diagnostics)] : [];
    case "invalid":
      return isRefused(recorded, machine !== null) ? [] : ["accepted, but AWS refuses it"];
    case "validate": {
      const result = machine === null ? "FAIL" : "OK";
      return result === recorded.expect.result ? [] : [`result: expected ${recorded.expect.result}, got ${result}`];
    }
  }
}

/** The recordings of the Express API do not all repeat their type. */
function machineType({ id, type }: Case): MachineType {
  return type ?? (id.startsWith("api/sfn_api_express") ? "EXPRESS" : "STANDARD");
}

/** An input that is not JSON is refused when the run is started, by whoever parses the request. */
function isRefused({ inputText }: Case, isAccepted: boolean): boolean {
  if (!isAccepted) return true;
  return inputText !== undefined && !isJson(inputText);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
