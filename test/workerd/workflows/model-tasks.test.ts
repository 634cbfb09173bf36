import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { aRun } from "../../support/a-run.ts";
import { aTenant } from "../../support/a-tenant.ts";

const task = (resource: string, parameters: Json): Json => ({
  StartAt: "Ask",
  States: { Ask: { Type: "Task", Resource: resource, Parameters: parameters, End: true } },
});

describe("a model as a task", () => {
  it("answers a chat, and the call is on the bill with its run", async () => {
    const member = await aTenant();
    const messages = [{ role: "user", content: "How many days of leave?" }];
    const run = await aRun(member, task("weft:llm:chat", { model: "local/extractive", messages }), { wait: 10 });
    expect(run).toMatchObject({ status: "succeeded", output: { object: "chat.completion" } });
  });

  it("embeds texts in their order", async () => {
    const member = await aTenant();
    const input = ["parental leave", "travel expenses"];
    const run = await aRun(member, task("weft:llm:embed", { model: "local/hash-embed", input }), { wait: 10 });
    const { data } = run.output as { data: { index: number; embedding: number[] }[] };
    expect(data.map(({ index }) => index)).toEqual([0, 1]);
    expect(data[0]?.embedding).toHaveLength(384);
    expect(data[0]?.embedding).not.toEqual(data[1]?.embedding);
  });

  it("names what is wrong with its arguments, and a Catch can take it", async () => {
    const member = await aTenant();
    const definition: Json = {
      StartAt: "Ask",
      States: {
        Ask: {
          Type: "Task",
          Resource: "weft:llm:embed",
          Parameters: { model: "local/hash-embed" },
          Catch: [{ ErrorEquals: ["Weft.ValidationFailed"], Next: "Told" }],
          End: true,
        },
        Told: { Type: "Pass", End: true },
      },
    };
    const run = await aRun(member, definition, { wait: 10 });
    expect(run.status).toBe("succeeded");
    expect((run.output as { Cause: string }).Cause).toContain("/input");
  });
});
