import { expect, it } from "vitest";
import { sentryErrorTracker } from "../../../adapters/error-tracker/sentry.ts";

function aSentry() {
  const sent: { url: string; text: string }[] = [];
  const kept: Promise<unknown>[] = [];
  const tracker = sentryErrorTracker({
    dsn: "https://public@errors.example.com/7",
    environment: "production",
    release: "v1",
    waitUntil: (work) => kept.push(work),
    fetcher: async (url, init) => {
      sent.push({ url: String(url), text: String(init?.body) });
      return new Response("{}");
    },
  });
  const event = async (index: number) => {
    await Promise.all(kept);
    return JSON.parse(sent[index]?.text.split("\n")[2] ?? "null");
  };
  return { tracker, sent, kept, event };
}

it("sends a defect with its context to the project of the address", async () => {
  const { tracker, sent, event } = aSentry();
  tracker.capture(new TypeError("x is not a function"), { requestId: "req_1" });
  await expect.poll(() => sent.length).toBe(1);
  expect(sent[0]?.url).toMatch(/^https:\/\/errors\.example\.com\/api\/7\/envelope\//);
  expect(await event(0)).toMatchObject({
    environment: "production",
    release: "v1",
    exception: { values: [{ type: "TypeError", value: "x is not a function" }] },
    extra: { requestId: "req_1" },
  });
});

it("says nothing of one defect with the next, and asks to be waited for each time", async () => {
  const { tracker, sent, kept, event } = aSentry();
  tracker.capture(new Error("first"), { requestId: "req_1", runId: "run_1" });
  tracker.capture(new Error("second"), { requestId: "req_2" });
  await expect.poll(() => sent.length).toBe(2);
  expect(kept).toHaveLength(2);
  expect((await event(1)).extra).toEqual({ requestId: "req_2" });
});

it("bears an address that answers nobody", async () => {
  const kept: Promise<unknown>[] = [];
  const fetcher = () => Promise.reject(new Error("unreachable"));
  const options = { dsn: "https://public@errors.example.com/7", environment: "local", release: "v1", fetcher };
  sentryErrorTracker({ ...options, waitUntil: (work) => kept.push(work) }).capture(new Error("lost"), {});
  await expect.poll(() => kept.length).toBe(1);
  await expect(Promise.allSettled(kept)).resolves.toMatchObject([{ status: "rejected" }]);
});
