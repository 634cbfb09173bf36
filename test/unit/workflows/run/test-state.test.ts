import { describe, expect, it } from "vitest";
import { testState } from "../../../../domain/workflows/run/test-state.ts";

// What AWS answers is held by the recorded cases of test/conformance; here is what they do not show.

const chance = { now: () => new Date(0), random: () => 0.5, uuid: () => "00000000-0000-4000-8000-000000000000" };
const TASK = { Type: "Task", Resource: "weft:function:call", Parameters: { "name.$": "$.f" }, Next: "Elsewhere" };

describe("a test of one state", () => {
  it("asks for the task's work where no mock is given, and tells what follows once it has an outcome", async () => {
    const asked = await testState({ definition: TASK, input: { f: "g" } }, chance);
    expect(asked).toEqual({ kind: "task", resource: "weft:function:call", input: { name: "g" } });
    const tested = await testState({ definition: TASK, input: { f: "g" }, mock: { result: 5 } }, chance);
    expect(tested).toEqual({ kind: "tested", result: { status: "SUCCEEDED", output: 5, nextState: "Elsewhere" } });
  });

  it("does not wait", async () => {
    const definition = { Type: "Wait", Seconds: 3_600, Next: "Later" };
    const tested = await testState({ definition, input: { a: 1 } }, chance);
    expect(tested).toEqual({ kind: "tested", result: { status: "SUCCEEDED", output: { a: 1 }, nextState: "Later" } });
  });

  it("says what is wrong with the definition", async () => {
    const answer = await testState({ definition: { Type: "Pass" }, input: {} }, chance);
    expect(answer.kind).toBe("invalid");
  });

  it("refuses a state that is not there, and a Map or Parallel without a mock", async () => {
    const machine = { StartAt: "A", States: { A: { Type: "Pass", End: true } } };
    expect(await testState({ definition: machine, stateName: "B", input: {} }, chance)).toHaveProperty(
      "kind",
      "refused",
    );
    const parallel = { Type: "Parallel", Branches: [{ StartAt: "A", States: machine.States }], End: true };
    expect(await testState({ definition: parallel, input: {} }, chance)).toHaveProperty("kind", "refused");
  });

  it.each([
    { Type: "Pass", End: true },
    { Type: "Wait", Seconds: 1, End: true },
    { Type: "Choice", Choices: [{ Variable: "$.a", IsPresent: true, Next: "B" }], Default: "B" },
    { Type: "Succeed" },
    { Type: "Fail" },
  ])("refuses a mock of a $Type state, which does no work", async (definition) => {
    const answer = await testState({ definition, input: {}, mock: { result: 1 } }, chance);
    expect(answer).toMatchObject({ kind: "refused", pointer: "/mock" });
  });

  it("fails with the failure of its input path", async () => {
    const definition = { Type: "Pass", InputPath: "$.missing", End: true };
    const tested = await testState({ definition, input: {}, inspectionLevel: "DEBUG" }, chance);
    expect(tested).toMatchObject({ kind: "tested", result: { status: "FAILED", error: "States.Runtime" } });
  });

  it("tells the variables as they are after the state", async () => {
    const definition = { Type: "Pass", Assign: { b: 2 }, End: true };
    const tested = await testState({ definition, input: {}, variables: { a: 1 }, inspectionLevel: "DEBUG" }, chance);
    expect(tested).toMatchObject({ result: { inspectionData: { variables: { a: 1, b: 2 } } } });
  });

  it("tells the raw result of a task in both languages", async () => {
    const definition = { Type: "Task", QueryLanguage: "JSONata", Resource: "weft:function:call", Output: 0, End: true };
    const tested = await testState(
      { definition, input: {}, mock: { result: { a: 1 } }, inspectionLevel: "DEBUG" },
      chance,
    );
    expect(tested).toMatchObject({ result: { output: 0, inspectionData: { afterArguments: {}, result: { a: 1 } } } });
  });

  it("tells what ItemSelector and ItemBatcher make of a Map's items", async () => {
    const definition = {
      Type: "Map",
      QueryLanguage: "JSONata",
      Items: [1, 2, 3],
      ItemSelector: { n: "{% $states.context.Map.Item.Value %}" },
      ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { b: true } },
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "A",
        States: { A: { Type: "Succeed" } },
      },
      End: true,
    };
    const tested = await testState({ definition, input: {}, mock: { result: [] }, inspectionLevel: "DEBUG" }, chance);
    expect(tested).toMatchObject({
      result: {
        inspectionData: {
          afterItemSelector: [{ n: 1 }, { n: 2 }, { n: 3 }],
          afterItemBatcher: [
            { BatchInput: { b: true }, Items: [{ n: 1 }, { n: 2 }] },
            { BatchInput: { b: true }, Items: [{ n: 3 }] },
          ],
        },
      },
    });
  });
});
