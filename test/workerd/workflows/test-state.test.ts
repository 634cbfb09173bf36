import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { anApiKey, aTenant } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";

const PATH = "/v1/workflows/test-state";
const TASK = {
  Type: "Task",
  Resource: "weft:llm:chat",
  Parameters: { "messages.$": "$.messages" },
  ResultPath: "$.answer",
  Retry: [{ ErrorEquals: ["Busy"], IntervalSeconds: 3 }],
  Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "Apologise" }],
  Next: "Publish",
};

async function tested(body: Json) {
  return (await aTenant()).call(PATH, { body });
}

describe("testing a state", () => {
  it("tells the output, the next state and the values in between", async () => {
    const state = { Type: "Pass", Parameters: { "b.$": "$.a" }, ResultPath: "$.c", Next: "Then" };
    const answer = await tested({ definition: state, input: { a: 1 }, inspectionLevel: "DEBUG" });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        status: "SUCCEEDED",
        output: { a: 1, c: { b: 1 } },
        nextState: "Then",
        inspectionData: { input: { a: 1 }, afterParameters: { b: 1 }, afterResultPath: { a: 1, c: { b: 1 } } },
      },
    });
  });

  it("takes JSON text, variables and a context of one's own", async () => {
    const state = {
      QueryLanguage: "JSONata",
      Type: "Pass",
      Output: "{% $who & $states.context.Execution.Name %}",
      End: true,
    };
    const answer = await tested({
      definition: JSON.stringify(state),
      variables: { who: "run " },
      context: { Execution: { Name: "seven" } },
    });
    expect(answer.body).toEqual({ status: "SUCCEEDED", output: "run seven" });
  });

  it("answers a task by its mock", async () => {
    const input = { messages: [] };
    const good = await tested({ definition: TASK, input, mock: { result: '"42"' } });
    expect(good.body).toEqual({ status: "SUCCEEDED", output: { messages: [], answer: "42" }, nextState: "Publish" });
    const busy = await tested({ definition: TASK, input, mock: { errorOutput: { error: "Busy", cause: "later" } } });
    expect(busy.body).toEqual({ status: "RETRIABLE", error: "Busy", cause: "later" });
    const bad = await tested({ definition: TASK, input, mock: { errorOutput: { error: "Bad" } } });
    expect(bad.body).toMatchObject({
      status: "CAUGHT_ERROR",
      nextState: "Apologise",
      output: { failure: { Error: "Bad" } },
    });
  });

  it("takes the retries that were made already into account", async () => {
    const answer = await tested({
      definition: TASK,
      input: { messages: [] },
      mock: { errorOutput: { error: "Busy" } },
      stateConfiguration: { retrierRetryCount: 3 },
    });
    expect(answer.body).toMatchObject({ status: "CAUGHT_ERROR", nextState: "Apologise" });
  });

  it("without a mock performs the task", async () => {
    const state = { Type: "Task", Resource: "weft:http:request", Parameters: { url: "http://10.0.0.1/" }, End: true };
    expect((await tested({ definition: state })).body).toMatchObject({
      status: "FAILED",
      error: "Weft.ForbiddenTarget",
    });
  });

  it("tests one state of a whole definition", async () => {
    const definition = {
      StartAt: "A",
      States: { A: { Type: "Pass", Next: "B" }, B: { Type: "Fail", Error: "No", Cause: "Never" } },
    };
    const answer = await tested({ definition, stateName: "B" });
    expect(answer.body).toEqual({ status: "FAILED", error: "No", cause: "Never" });
  });

  it.each([
    ["a definition that is not valid", { definition: { Type: "Pass" } }, "invalid-definition"],
    ["text that is not JSON", { definition: "{nope" }, "validation-failed"],
    ["an unknown member", { definition: { Type: "Succeed" }, inptu: 1 }, "validation-failed"],
    ["a mock that says nothing", { definition: TASK, mock: {} }, "validation-failed"],
    ["a mocked result that is not JSON", { definition: TASK, mock: { result: "{" } }, "validation-failed"],
    [
      "a mock of what does no work",
      { definition: { Type: "Pass", End: true }, mock: { result: "1" } },
      "validation-failed",
    ],
    [
      "a task that waits for a person",
      { definition: { Type: "Task", Resource: "weft:review:request", Parameters: { title: "?" }, End: true } },
      "validation-failed",
    ],
  ])("refuses %s", async (_, body, code) => {
    expectProblem(await tested(body as Json), 422, code);
  });

  it("needs the permission to run, for the task may be performed", async () => {
    const key = await anApiKey(await aTenant(), ["workflows:write"]);
    expectProblem(await key.call(PATH, { body: { definition: { Type: "Succeed" } } }), 403, "forbidden");
  });
});

refusesTheWrongActor({
  name: `POST ${PATH}`,
  permission: "runs:write",
  namesResource: false,
  arrange: async () => ({ path: PATH, body: { definition: { Type: "Succeed" } } }),
});

describe("validating a definition", () => {
  it.each(["{", "[]", { StartAt: "Nowhere", States: { A: { Type: "Pass", End: true } } }])(
    "reports what is wrong with %j and changes nothing",
    async (definition) => {
      const member = await aTenant();
      const { status, body } = await member.call("/v1/workflows/validate", { method: "POST", body: { definition } });
      expect(status).toBe(200);
      expect(body).toMatchObject({ result: "FAIL", diagnostics: [{ severity: "ERROR", message: expect.any(String) }] });
      expect((await member.call("/v1/workflows")).body.data).toEqual([]);
    },
  );
});
