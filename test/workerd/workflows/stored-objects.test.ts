import { describe, expect, it } from "vitest";
import { aRun } from "../../support/a-run.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { bearer, send } from "../../support/client.ts";
import { refusesTheWrongActor } from "../../support/guards.ts";

const at = (key: string, bucket = "orders") => `/v1/buckets/${bucket}/objects/${encodeURIComponent(key)}`;

async function put(token: string, key: string, body: string): Promise<Response> {
  return send(at(key), { method: "PUT", body, headers: { ...bearer(token), "content-type": "text/plain" } });
}

describe("a stored object", () => {
  it("is what a distributed Map reads", async () => {
    const member = await aTenant();
    const stored = await put(member.token, "in/a.csv", "id,price\n1,10\n2,20\n");
    expect(await stored.json()).toMatchObject({ bucket: "orders", key: "in/a.csv", size: 19 });
    const run = await aRun(
      member,
      {
        StartAt: "M",
        States: {
          M: {
            Type: "Map",
            ItemReader: {
              Resource: "arn:aws:states:::s3:getObject",
              ReaderConfig: { InputType: "CSV", CSVHeaderLocation: "FIRST_ROW" },
              Parameters: { Bucket: "orders", Key: "in/a.csv" },
            },
            ItemProcessor: {
              ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
              StartAt: "P",
              States: { P: { Type: "Pass", End: true } },
            },
            End: true,
          },
        },
      },
      { wait: 10 },
    );
    expect(run.output).toEqual([
      { id: "1", price: "10" },
      { id: "2", price: "20" },
    ]);
  });

  it("is read back, listed by key in pages, replaced and deleted", async () => {
    const member = await aTenant();
    for (const key of ["b/2.json", "b/1.json", "a.json"]) await put(member.token, key, JSON.stringify(key));
    const read = await member.fetch(at("b/1.json"));
    expect(read.headers.get("content-type")).toBe("application/json");
    expect(read.headers.get("content-disposition")).toBe("attachment");
    expect(await read.json()).toBe("b/1.json");
    const first = await member.call("/v1/buckets/orders/objects?limit=2");
    expect(first.body.data.map(({ key }: { key: string }) => key)).toEqual(["a.json", "b/1.json"]);
    const second = await member.call(`/v1/buckets/orders/objects?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body).toMatchObject({ data: [{ key: "b/2.json" }], nextCursor: null });
    expect((await member.call("/v1/buckets/orders/objects?prefix=b/")).body.data).toHaveLength(2);
    await put(member.token, "a.json", "[]");
    expect((await member.call(at("a.json"))).body).toEqual([]);
    expect((await member.call(at("a.json"), { method: "DELETE" })).status).toBe(204);
    expect((await member.call(at("a.json"))).status).toBe(404);
  });

  it("has a bucket and a key that lead nowhere else", async () => {
    const [member, stranger] = [await aTenant(), await aTenant()];
    await put(stranger.token, "secret.json", "1");
    expect((await member.call(at("secret.json"))).status).toBe(404);
    expect((await member.call(at(`../../${stranger.tenantId}/buckets/orders/secret.json`))).status).toBe(404);
    expect((await member.call(at("x", "Not A Bucket"))).status).toBe(422);
    expect((await member.call(at("k".repeat(1_025)))).status).toBe(422);
  });
});

refusesTheWrongActor({
  name: "PUT /v1/buckets/{bucket}/objects/{key}",
  permission: "workflows:write",
  namesResource: false,
  arrange: async () => ({ path: at("a.json"), method: "PUT", body: {} }),
});

refusesTheWrongActor({
  name: "GET /v1/buckets/{bucket}/objects/{key}",
  permission: "workflows:read",
  namesResource: true,
  absent: { path: at("absent.json") },
  arrange: async (owner) => {
    await put(owner.token, "a.json", "1");
    return { path: at("a.json") };
  },
});
