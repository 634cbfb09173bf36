import { describe, expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import { World } from "./world.ts";

// D3 of decide.ts: expressions that cost much end the decision, and the run goes on in the next.

/** A good part of what a decision may cost. */
const HEAVY = "{% $count([1..15000][$ > 1]) %}";

async function goOn(world: World): Promise<number> {
  let decisions = 1;
  for (; world.open.some(({ kind }) => kind === "continue"); decisions++) {
    world.open = world.open.filter(({ kind }) => kind !== "continue");
    await world.send({ type: "Continue" });
  }
  return decisions;
}

function machine(states: Json): Json {
  return { QueryLanguage: "JSONata", StartAt: "A", States: states };
}

describe("a run whose expressions cost much", () => {
  it("takes a decision for a few states only, and ends as ever", async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [
        i === 0 ? "A" : `A${i}`,
        { Type: "Pass", Output: HEAVY, ...(i === 11 ? { End: true } : { Next: `A${i + 1}` }) },
      ]),
    );
    const world = new World(machine(chain));
    await world.start();
    expect(await goOn(world)).toBeGreaterThan(3);
    expect(world.state).toMatchObject({ status: "succeeded", output: 14_999 });
  });

  it("loses no iteration, no branch and no timer on the way", async () => {
    const item = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 5, Output: HEAVY, End: true } } };
    const branch = { StartAt: "B", States: { B: { Type: "Pass", Output: HEAVY, End: true } } };
    const world = new World(
      machine({
        A: {
          Type: "Map",
          Items: [1, 2, 3, 4, 5, 6, 7, 8, 9],
          ItemSelector: { n: HEAVY },
          ItemProcessor: item,
          Next: "P",
        },
        P: {
          Type: "Parallel",
          Branches: [branch, ...[1, 2, 3].map((n) => ({ StartAt: `B${n}`, States: { [`B${n}`]: branch.States.B } }))],
          End: true,
        },
      }),
    );
    await world.start();
    await goOn(world);
    let rings = 0;
    for (; world.state.status === "running" && rings < 20; rings++) {
      await world.ring();
      await goOn(world);
    }
    expect(rings).toBeGreaterThan(1);
    expect(world.state).toMatchObject({ status: "succeeded", output: [14_999, 14_999, 14_999, 14_999] });
    expect(world.types.filter((type) => type === "MapIterationSucceeded")).toHaveLength(9);
  });

  it("fails the state whose expressions together cost more than one may", async () => {
    const output = Array.from({ length: 40 }, () => HEAVY);
    const world = new World(machine({ A: { Type: "Pass", Output: output, End: true } }));
    await world.start();
    expect(world.state).toMatchObject({ status: "failed", error: "States.QueryEvaluationError" });
    expect(world.state.cause).toContain("take more than 500000 steps together");
  });
});
