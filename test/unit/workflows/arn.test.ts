import { describe, expect, it } from "vitest";
import {
  accountOf,
  childRunId,
  executionArn,
  namedRunId,
  runIdOfArn,
  stateMachineArn,
  workflowOfArn,
} from "../../../domain/workflows/arn.ts";

const TENANT = "ten_01m81c2zmnjssqysccgnqczraz";

describe("an ARN", () => {
  it("of a workflow leads back to it, with its version or alias", () => {
    const arn = stateMachineArn(TENANT, "order-flow");
    expect(workflowOfArn(arn)).toEqual({ workflow: "order-flow" });
    expect(workflowOfArn(`${arn}:3`)).toEqual({ workflow: "order-flow", version: 3 });
    expect(workflowOfArn(`${arn}:live`)).toEqual({ workflow: "order-flow", alias: "live" });
  });

  it("of another region and account leads to the workflow of its name", () => {
    expect(workflowOfArn("arn:aws:states:eu-west-1:123456789012:stateMachine:a")).toEqual({ workflow: "a" });
  });

  it("of anything else leads nowhere", () => {
    for (const text of ["", "stateMachine:a", "arn:aws:lambda:x:1:function:a", ":stateMachine:", ":stateMachine:a b"]) {
      expect(workflowOfArn(text)).toBeNull();
    }
  });

  it("of a run leads to it by its name, or by its id where it has no other", () => {
    const id = childRunId(TENANT, "run_parent", "0/T/3");
    expect(runIdOfArn(TENANT, executionArn(TENANT, "w", id))).toBe(id);
    expect(runIdOfArn(TENANT, executionArn(TENANT, "w", "order-1"))).toBe(namedRunId(TENANT, "w", "order-1"));
    expect(runIdOfArn(TENANT, stateMachineArn(TENANT, "w"))).toBeNull();
  });

  it("has an account of twelve digits, always the same for a tenant", () => {
    expect(accountOf(TENANT)).toMatch(/^\d{12}$/);
    expect(accountOf(TENANT)).toBe(accountOf(TENANT));
    expect(accountOf("ten_other")).not.toBe(accountOf(TENANT));
  });
});

describe("the id of a child", () => {
  it("is the same for the same effect of the same run, and of no other", () => {
    const id = childRunId(TENANT, "run_a", "0/T/3");
    expect(childRunId(TENANT, "run_a", "0/T/3")).toBe(id);
    const others = [
      childRunId(TENANT, "run_a", "0/T/4"),
      childRunId(TENANT, "run_b", "0/T/3"),
      childRunId("ten_b", "run_a", "0/T/3"),
    ];
    expect(others).not.toContain(id);
  });
});
