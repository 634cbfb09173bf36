import { describe, expect, it } from "vitest";
import type { RunCommand } from "../../../domain/workflows/run/command.ts";
import { CommonTurn } from "../../../durable-objects/workflow-run/common-turn.ts";
import { Inbox, joined } from "../../../durable-objects/workflow-run/inbox.ts";
import { Lanes } from "../../../durable-objects/workflow-run/lanes.ts";

const child = (key: string, index: number): RunCommand => ({
  type: "ChildrenFinished",
  key,
  children: [{ index, status: "succeeded", output: index }],
});
const letterOf = (command: RunCommand) => ({ command, answer: () => {}, fail: () => {} });

describe("letters", () => {
  it("about children of one map run are one command; the others stay apart, in order", () => {
    const continued: RunCommand = { type: "Continue" };
    const commands = [child("a", 0), child("a", 1), child("b", 0), continued, child("b", 1)];
    const groups = joined(commands.map(letterOf));
    expect(groups.map(({ letters }) => letters.length)).toEqual([2, 1, 1, 1]);
    const [first] = groups;
    expect(first?.command).toMatchObject({ key: "a", children: [{ index: 0 }, { index: 1 }] });
  });

  it("about children are several commands where one would be too large", () => {
    const large = (index: number): RunCommand => ({
      type: "ChildrenFinished",
      key: "a",
      children: [{ index, status: "succeeded", output: "x".repeat(1_500_000) }],
    });
    const groups = joined([0, 1, 2, 3, 4].map(large).map(letterOf));
    expect(groups.map(({ letters }) => letters.length)).toEqual([2, 2, 1]);
    expect(groups[1]?.command).toMatchObject({ children: [{ index: 2 }, { index: 3 }] });
  });

  it("that come while others wait open the inbox once", async () => {
    let opened = 0;
    const inbox = new Inbox(() => opened++);
    const answers = [inbox.put({ type: "Continue" }), inbox.put({ type: "TimersDue" })];
    const letters = inbox.drain();
    expect([opened, letters.length]).toEqual([1, 2]);
    letters[0]?.answer(null);
    letters[1]?.answer("already-ended");
    expect(await Promise.all(answers)).toEqual([null, "already-ended"]);
    void inbox.put({ type: "Continue" });
    expect(opened).toBe(2);
  });
});

describe("a common turn", () => {
  it("begins at once where no answer is under way, and else with all that join it", async () => {
    const lanes = new Lanes(2);
    const turn = new CommonTurn(lanes);
    const done: string[] = [];
    turn.join(() => done.push("alone"));
    expect(done).toEqual(["alone"]);

    let answer = () => {};
    const call = lanes.run(() => new Promise<void>((resolve) => (answer = resolve)));
    turn.join(() => done.push("first"));
    answer();
    await call;
    turn.join(() => done.push("second"));
    expect(done).toEqual(["alone"]);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(done).toEqual(["alone", "first", "second"]);

    turn.join(() => done.push("expecting"), true);
    expect(done).toHaveLength(3);
    await new Promise((resolve) => setTimeout(resolve, 1));
    turn.join(() => done.push("alone again"));
    expect(done.slice(3)).toEqual(["expecting", "alone again"]);
  });
});

describe("lanes", () => {
  it("let no more than their width through, in order, whatever becomes of the work", async () => {
    const lanes = new Lanes(2);
    let [running, most] = [0, 0];
    const started: number[] = [];
    const work = (n: number) =>
      lanes.run(async () => {
        started.push(n);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, n % 3));
        running--;
        if (n % 4 === 0) throw new Error("broken");
        return n;
      });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => work(n)));
    expect(most).toBe(2);
    expect(started).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(5);
  });
});
