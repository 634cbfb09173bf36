import { describe, expect, it } from "vitest";
import { OnDisk } from "../../../durable-objects/workflow-run/on-disk.ts";

describe("the wait for the disk", () => {
  it("is one for all who ask in the same turn, and begins after the last of them has written", async () => {
    const written: string[] = [];
    const commits: string[][] = [];
    const onDisk = new OnDisk(async () => {
      commits.push([...written]);
    });
    const step = async (run: string) => {
      written.push(run);
      await onDisk.wait();
    };
    await Promise.all([step("a"), step("b"), step("c")]);
    expect(commits).toEqual([["a", "b", "c"]]);
    await step("d");
    expect(commits).toEqual([
      ["a", "b", "c"],
      ["a", "b", "c", "d"],
    ]);
  });

  it("is another for who writes once it has begun, and fails for those alone who wait for it", async () => {
    const waits: PromiseWithResolvers<void>[] = [];
    const onDisk = new OnDisk(() => {
      const wait = Promise.withResolvers<void>();
      waits.push(wait);
      return wait.promise;
    });
    const first = onDisk.wait();
    await new Promise((resolve) => setTimeout(resolve, 0));
    const second = onDisk.wait();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(waits).toHaveLength(2);
    waits[0]?.reject(new Error("the disk is full"));
    waits[1]?.resolve();
    await expect(first).rejects.toThrow("the disk is full");
    await expect(second).resolves.toBeUndefined();
  });
});
