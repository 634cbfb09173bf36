import type { Miniflare } from "miniflare";
import { expect, it } from "vitest";
import { startCrons } from "../../../scripts/local/crons.ts";

it("the clock of a laptop fires once at the start, for what was due while nothing ran", async () => {
  const fired: (string | null)[] = [];
  const dispatchFetch = async (url: string) => {
    fired.push(new URL(url).searchParams.get("cron"));
    return new Response("ok");
  };
  const stop = startCrons({ dispatchFetch } as unknown as Miniflare, ["0 0 1 1 *"], (error) => {
    throw error;
  });
  await Promise.resolve();
  stop();
  expect(fired).toEqual(["0 0 1 1 *"]);
});
