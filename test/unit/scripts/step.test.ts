import { describe, expect, it } from "vitest";
import { type Finished, ofFindings, ok, runSteps } from "../../../scripts/check/step.ts";

describe("the steps of the check", () => {
  it("run side by side, as many as asked", async () => {
    let running = 0;
    let most = 0;
    const step = {
      name: "step",
      run: async () => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        return ok();
      },
    };
    await runSteps([step, step, step, step, step], 2, () => undefined);
    expect(most).toBe(2);
  });

  it("count a step that throws as failed, with its reason, and go on", async () => {
    const told: Finished[] = [];
    const broken = { name: "broken", run: () => Promise.reject(new Error("no such tool")) };
    const finished = await runSteps([broken, { name: "fine", run: async () => ok() }], 1, (step) => told.push(step));
    expect(finished.map(({ name, status }) => `${name} ${status}`)).toEqual(["broken failed", "fine ok"]);
    expect(finished[0]?.details).toContain("no such tool");
    expect(told).toEqual(finished);
  });

  it("fail on a finding and name its place", () => {
    const finding = { path: "domain/llm/model.ts", line: 3, rule: "imports", message: "not allowed" };
    expect(ofFindings([finding], "")).toMatchObject({
      status: "failed",
      details: "domain/llm/model.ts:3  not allowed  [imports]",
    });
  });
});
