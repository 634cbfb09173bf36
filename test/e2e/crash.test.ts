import { expect, it } from "vitest";
import { crashLoop } from "./crash-loop.ts";

it("loses and doubles nothing over five kills -9 of the whole server", { timeout: 180_000 }, async () => {
  const report = await crashLoop({ kills: 5, betweenMs: 600 });
  expect(report.faults).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(20);
});
