import { describe, expect, it } from "vitest";
import { Refused, Unreachable } from "../../../scripts/demo/api.ts";
import { MAX_OUTAGE_MS, patiently } from "../../../scripts/demo/outage.ts";
import { rehearsedOutage } from "./rehearsed-outage.ts";

describe("an outage of the server", () => {
  it("is told once when it begins and once when it is over", async () => {
    const { outage, told } = rehearsedOutage();
    let calls = 0;
    const answer = await patiently(outage, async () => {
      calls++;
      if (calls < 4) throw new Unreachable("away");
      return "here";
    });
    expect(answer).toBe("here");
    expect(told).toEqual(["lost", "back after 1500"]);
  });

  it("is not told when there is none", async () => {
    const { outage, told } = rehearsedOutage();
    await patiently(outage, async () => "here");
    expect(told).toEqual([]);
  });

  it("is waited for no longer than a minute", async () => {
    const { outage, clock } = rehearsedOutage();
    const never = patiently(outage, async () => {
      throw new Unreachable("away");
    });
    await expect(never).rejects.toThrow("away");
    expect(clock.now()).toBe(MAX_OUTAGE_MS);
  });

  it("begins anew after the server was back", async () => {
    const { outage, told } = rehearsedOutage();
    for (let i = 0; i < 2; i++) {
      await outage.wait(new Unreachable("away"));
      outage.over();
    }
    expect(told).toEqual(["lost", "back after 500", "lost", "back after 500"]);
  });

  it("is not what a refusal is: that is thrown at once", async () => {
    const { outage, told } = rehearsedOutage();
    let calls = 0;
    const refused = patiently(outage, async () => {
      calls++;
      throw new Refused(403, "forbidden", "no");
    });
    await expect(refused).rejects.toThrow("no");
    expect(calls).toBe(1);
    expect(told).toEqual([]);
  });
});
