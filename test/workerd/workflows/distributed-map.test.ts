import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../domain/kernel/json.ts";
import { placeOf } from "../../../domain/workflows/run-place.ts";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { bucketPrefix } from "../../../services/workflows/map-items.ts";
import { aRun, eventually } from "../../support/a-run.ts";
import { aServer } from "../../support/a-server.ts";
import type { TestMember } from "../../support/a-tenant.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { childrenOf, eventsOf, objectOf, runOf, task } from "./an-object.ts";

const PASS = { StartAt: "P", States: { P: { Type: "Pass", End: true } } };
/** Long enough to look at a map run while its children are under way. */
const REST = { StartAt: "R", States: { R: { Type: "Wait", Seconds: 2, End: true } } };
const ASK = {
  StartAt: "Ask",
  States: { Ask: { Type: "Task", Resource: "weft:review:request", Parameters: { title: "?" }, End: true } },
};
const ODD_FAILS = {
  StartAt: "C",
  States: {
    C: { Type: "Choice", Choices: [{ Variable: "$.odd", BooleanEquals: true, Next: "F" }], Default: "Done" },
    F: { Type: "Fail", Error: "Odd", Cause: "an odd item" },
    Done: { Type: "Succeed" },
  },
};
/** Takes a connection, and is over soon. */
const REFUSED = {
  StartAt: "T",
  States: {
    T: {
      Type: "Task",
      Resource: "weft:http:request",
      Parameters: { url: "http://10.0.0.1/" },
      Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: null, Next: "Done" }],
      End: true,
    },
    Done: { Type: "Succeed" },
  },
};
const READER = "arn:aws:states:::s3:getObject";

function map(processor: JsonObject, more: JsonObject = {}, executionType = "STANDARD"): Json {
  const ItemProcessor = { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: executionType }, ...processor };
  return { StartAt: "M", States: { M: { Type: "Map", ItemProcessor, End: true, ...more } } };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

async function aFile(member: TestMember, key: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
  await member.ctx.ports.files.put(`${bucketPrefix(member.tenantId, "data")}${key}`, body, "text/plain");
}

async function fileOf(member: TestMember, key: string): Promise<Json> {
  const text = await member.ctx.ports.files.text(`${bucketPrefix(member.tenantId, "data")}${key}`);
  return text === null ? null : JSON.parse(text);
}

describe("a distributed Map", () => {
  it("runs every item as a run of its own and keeps the order of the results", async () => {
    const member = await aTenant();
    const run = await aRun(member, map(PASS), { input: numbers(25), wait: 20 });
    expect(run).toMatchObject({ status: "succeeded", output: numbers(25) });
    const children = await childrenOf(member, run.id, 25);
    expect(new Set(children.map(({ input }) => input))).toEqual(new Set(numbers(25)));
    expect(children[0]).toMatchObject({ parentRunId: run.id, mapState: "M", status: "succeeded" });
    const types = (await eventsOf(member, children[0]?.id ?? "")).map(({ type }) => type);
    expect(types).toEqual(["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
  });

  it("shows its children with their parent only", async () => {
    const member = await aTenant();
    const run = await aRun(member, map(PASS), { input: [1], wait: 10 });
    await childrenOf(member, run.id, 1);
    const { data } = await eventually(
      async () => (await member.call("/v1/runs")).body as { data: Run[] },
      (page) => page.data.length > 0,
    );
    expect(data.map(({ id }) => id)).toEqual([run.id]);
  });

  it("takes up children in memory where they are EXPRESS", async () => {
    const member = await aTenant();
    const run = await aRun(member, map(PASS, {}, "EXPRESS"), { input: numbers(10), wait: 10 });
    expect(run).toMatchObject({ status: "succeeded", output: numbers(10) });
  });

  it("writes down of its EXPRESS children those that fail", async () => {
    const member = await aTenant();
    const input = numbers(6).map((n) => ({ n, odd: n % 2 === 1 }));
    const definition = map(ODD_FAILS, { ToleratedFailurePercentage: 100 }, "EXPRESS");
    const run = await aRun(member, definition, { input, wait: 10 });
    expect(run.status).toBe("succeeded");
    const children = await childrenOf(member, run.id, 3);
    expect(children.map(({ status, error }) => ({ status, error }))).toEqual(
      Array.from({ length: 3 }, () => ({ status: "failed", error: "Odd" })),
    );
  });

  it("never has more children under way than MaxConcurrency, and tells how many there are", async () => {
    const member = await aTenant();
    const run = await aRun(member, map(ASK, { MaxConcurrency: 2 }), { input: numbers(4) });
    const children = await childrenOf(member, run.id, 2);
    expect(children).toHaveLength(2);
    expect((await runOf(member, run.id)).waitingFor).toEqual([{ kind: "children", state: "M", running: 2, total: 4 }]);
  });

  it("goes on after the object lost its memory in the middle, and no child runs twice", async () => {
    const member = await aTenant();
    const run = await aRun(member, map(ASK), { input: numbers(3) });
    const children = await childrenOf(member, run.id, 3);
    for (const child of children) {
      await runOf(member, run.id);
      await evictDurableObject(objectOf(member, run.id));
      const { waitingFor } = await eventually(
        () => runOf(member, child.id),
        (seen) => seen.waitingFor.length > 0,
      );
      const path = `/v1/reviews/${waitingFor[0]?.reviewId}/decision`;
      await member.call(path, { method: "POST", body: { decision: "approve" } });
    }
    expect(await runOf(member, run.id, 10)).toMatchObject({ status: "succeeded" });
    expect(await childrenOf(member, run.id, 3)).toHaveLength(3);
    const finished = (await eventsOf(member, run.id)).filter(({ type }) => type === "RunChildrenFinished");
    expect(finished.length).toBeLessThanOrEqual(3);
  });

  it("has children that share an object: each keeps what is its own when another ends, and when the object is gone", async () => {
    const member = await aTenant();
    const run = await aRun(member, map(ASK, { ToleratedFailureCount: 1 }), { input: numbers(4) });
    const children = await childrenOf(member, run.id, 4);
    expect(new Set(children.map(({ id }) => placeOf(id).object)).size).toBe(1);
    const [first, ...others] = children.map(({ id }) => id);
    await member.call(`/v1/runs/${first}/stop`, { method: "POST", body: { cause: "not needed" } });
    await evictDurableObject(objectOf(member, first ?? ""));
    expect(await runOf(member, first ?? "")).toMatchObject({ status: "aborted", cause: "not needed" });
    for (const id of others) {
      const { waitingFor, status, input } = await runOf(member, id);
      expect({ status, waits: waitingFor.length }).toEqual({ status: "running", waits: 1 });
      const types = (await eventsOf(member, id)).map(({ type, seq }) => `${seq} ${type}`);
      expect(types.slice(0, 2)).toEqual(["1 ExecutionStarted", "2 TaskStateEntered"]);
      expect((await eventsOf(member, id))[0]?.input).toBe(input);
      const path = `/v1/reviews/${waitingFor[0]?.reviewId}/decision`;
      await member.call(path, { method: "POST", body: { decision: "approve" } });
    }
    expect(await runOf(member, run.id, 10)).toMatchObject({ status: "succeeded" });
    const acts = await member.ctx.ports.runActors.of(member.tenantId, first ?? "").projection();
    expect(acts?.seq).toBe((await eventsOf(member, first ?? "")).length);
  });

  it("is woken for the children of an object that was gone when they were due", async () => {
    const member = await aTenant();
    const run = await aRun(member, map(REST), { input: numbers(3) });
    const [child] = await childrenOf(member, run.id, 3);
    await evictDurableObject(objectOf(member, child?.id ?? ""));
    expect(await runOf(member, run.id, 10)).toMatchObject({ status: "succeeded", output: numbers(3) });
  });

  it("archives one of the children that share an object, and leaves the others", async () => {
    const member = await aTenant();
    const run = await aRun(member, map(PASS), { input: numbers(4), wait: 10 });
    const [first, second] = (await childrenOf(member, run.id, 4)).map(({ id }) => id);
    const actor = member.ctx.ports.runActors.of(member.tenantId, first ?? "");
    await eventually(
      () => actor.archive(),
      (isMoved) => isMoved,
    );
    const rows = await runInDurableObject(objectOf(member, first ?? ""), (_object, { storage }) =>
      storage.sql
        .exec("select (select count(*) from origin) as runs, (select count(*) from archived) as archived")
        .one(),
    );
    expect(rows).toEqual({ runs: 3, archived: 1 });
    await expect(actor.get()).resolves.toBeNull();
    expect(await eventsOf(member, second ?? "")).toHaveLength(4);
    expect(await eventsOf(member, first ?? "")).toHaveLength(4);
  });

  it("starts no EXPRESS child twice that ended while its neighbours waited for a connection", async () => {
    const member = await aTenant();
    const input = numbers(200).map((n) => ({ n }));
    const run = await aRun(member, map(REFUSED, {}, "EXPRESS"), { input, wait: 20 });
    expect(run).toMatchObject({ status: "succeeded", output: input });
    const ended = (await eventsOf(member, run.id)).flatMap((event) =>
      event.type === "RunChildrenFinished" ? (event as unknown as { children: { index: number }[] }).children : [],
    );
    expect(ended.map(({ index }) => index).sort((a, b) => a - b)).toEqual(numbers(200));
  });

  it("starts no EXPRESS child twice whose end was not written down yet when its parent's alarm rang", async () => {
    const member = await aTenant();
    const server = aServer(() => Response.json({}));
    const call = task("weft:http:request", { Parameters: { url: server.url } });
    const { id } = await aRun(member, map(call as JsonObject, { ResultPath: null }, "EXPRESS"), {
      input: numbers(300),
    });
    const actor = member.ctx.ports.runActors.of(member.tenantId, id);
    for (;;) {
      await runDurableObjectAlarm(objectOf(member, id));
      const run = await actor.wait(0.001);
      if (run?.status === "succeeded") break;
    }
    expect(server.calls).toHaveLength(300);
  });

  it("fails when more children fail than are tolerated, and calls the others off", async () => {
    const member = await aTenant();
    const input = [{ odd: true }, { odd: false }];
    const strict = await aRun(member, map(ODD_FAILS), { input, wait: 10 });
    expect(strict).toMatchObject({ status: "failed", error: "States.ExceedToleratedFailureThreshold" });
    const lax = await aRun(member, map(ODD_FAILS, { ToleratedFailureCount: 1 }), { input, wait: 10 });
    expect(lax).toMatchObject({ status: "succeeded", output: [{ odd: false }] });
  });

  it("stops its children when it is stopped", async () => {
    const member = await aTenant();
    const run = await aRun(member, map(ASK), { input: numbers(3) });
    const children = await childrenOf(member, run.id, 3);
    await member.call(`/v1/runs/${run.id}/stop`, { method: "POST", body: {} });
    for (const child of children) expect(await runOf(member, child.id, 5)).toMatchObject({ status: "aborted" });
  });

  it("reads its items from JSON, JSON Lines and CSV, and lists objects", async () => {
    const member = await aTenant();
    await aFile(member, "in/a.json", "[1,2]");
    await aFile(member, "in/b.jsonl", '{"x":1}\n{"x":2}\n');
    await aFile(member, "in/c.csv", "name,age\nAda,36\nAlan,41\n");
    const read = async (Key: string, ReaderConfig: JsonObject) => {
      const ItemReader = { Resource: READER, ReaderConfig, Parameters: { Bucket: "data", Key } };
      return (await aRun(member, map(PASS, { ItemReader }), { wait: 10 })).output;
    };
    expect(await read("in/a.json", { InputType: "JSON" })).toEqual([1, 2]);
    expect(await read("in/b.jsonl", { InputType: "JSONL" })).toEqual([{ x: 1 }, { x: 2 }]);
    expect(await read("in/c.csv", { InputType: "CSV", CSVHeaderLocation: "FIRST_ROW", MaxItems: 1 })).toEqual([
      { name: "Ada", age: "36" },
    ]);
    const ItemReader = {
      Resource: "arn:aws:states:::s3:listObjectsV2",
      Parameters: { Bucket: "data", Prefix: "in/" },
    };
    const listed = await aRun(member, map(PASS, { ItemReader }), { wait: 10 });
    expect(listed.output).toMatchObject([{ Key: "in/a.json", Size: 5 }, { Key: "in/b.jsonl" }, { Key: "in/c.csv" }]);
  });

  it("reads what is in the objects of a list", async () => {
    const member = await aTenant();
    await aFile(member, "all/1.json", "[1,2]");
    await aFile(member, "all/2.json", "[[3],4]");
    const read = async (ReaderConfig: JsonObject) => {
      const Parameters = { Bucket: "data", Prefix: "all/" };
      const ItemReader = { Resource: "arn:aws:states:::s3:listObjectsV2", ReaderConfig, Parameters };
      return await aRun(member, map(PASS, { ItemReader }), { wait: 10 });
    };
    const flatten = { Transformation: "LOAD_AND_FLATTEN", InputType: "JSON" };
    expect((await read(flatten)).output).toEqual([1, 2, [3], 4]);
    expect((await read({ ...flatten, MaxItems: 3 })).output).toEqual([1, 2, [3]]);
    await aFile(member, "all/3.json", "{");
    const failed = await read(flatten);
    expect(failed).toMatchObject({ error: "States.ItemReaderFailed", cause: expect.stringContaining("all/3.json") });
  });

  it("reads an inventory of S3: a manifest, and compressed rows beside it", async () => {
    const member = await aTenant();
    const manifest = {
      fileFormat: "CSV",
      fileSchema: "Bucket, Key, Size",
      files: [{ key: "inv/1.csv.gz" }, { key: "inv/2.csv" }],
    };
    const zipped = new Blob(['"b","a.txt","1"\n"b","b.txt","2"\n']).stream().pipeThrough(new CompressionStream("gzip"));
    await aFile(member, "inv/manifest.json", JSON.stringify(manifest));
    await aFile(member, "inv/1.csv.gz", new Uint8Array(await new Response(zipped).arrayBuffer()));
    await aFile(member, "inv/2.csv", '"b","c.txt","3"\n');
    await aFile(member, "inv/other.json", "[]");
    const read = (Key: string, MaxItems = 0) => {
      const ReaderConfig = { InputType: "MANIFEST", MaxItems };
      const ItemReader = { Resource: READER, ReaderConfig, Parameters: { Bucket: "data", Key } };
      return aRun(member, map(PASS, { ItemReader }), { wait: 10 });
    };
    const rows = ["a", "b", "c"].map((name, i) => ({ Bucket: "b", Key: `${name}.txt`, Size: String(i + 1) }));
    expect((await read("inv/manifest.json")).output).toEqual(rows);
    expect((await read("inv/manifest.json", 2)).output).toEqual(rows.slice(0, 2));
    const other = await read("inv/other.json");
    expect(other).toMatchObject({ status: "failed", error: "States.ItemReaderFailed" });
  });

  it("fails where there is nothing to read, and never reads what is another tenant's", async () => {
    const [member, stranger] = [await aTenant(), await aTenant()];
    await aFile(stranger, "secret.json", "[1]");
    const read = (Key: string, Bucket = "data") =>
      aRun(member, map(PASS, { ItemReader: { Resource: READER, Parameters: { Bucket, Key } } }), { wait: 10 });
    for (const run of [
      await read("secret.json"),
      await read(`../../../${stranger.tenantId}/buckets/data/secret.json`),
      await read("secret.json", `../../${stranger.tenantId}/buckets/data`),
    ]) {
      expect(run).toMatchObject({ status: "failed", error: "States.ItemReaderFailed" });
    }
  });

  it("writes what its children answered, described, beside a manifest", async () => {
    const member = await aTenant();
    const ResultWriter = {
      Resource: "arn:aws:states:::s3:putObject",
      Parameters: { Bucket: "data", Prefix: "out" },
    };
    const input = [{ odd: true }, { odd: false }];
    const run = await aRun(member, map(ODD_FAILS, { ResultWriter, ToleratedFailureCount: 1 }), { input, wait: 10 });
    const { ResultWriterDetails: details, MapRunArn } = run.output as {
      ResultWriterDetails: { Bucket: string; Key: string };
      MapRunArn: string;
    };
    expect(MapRunArn).toMatch(new RegExp(`^arn:aws:states:.*:mapRun:${run.workflow}/.+:${run.id}\\.[0-9a-f-]{36}$`));
    expect(details).toMatchObject({
      Bucket: "data",
      Key: expect.stringMatching(/^out\/[0-9a-f-]{36}\/manifest\.json$/),
    });
    const manifest = (await fileOf(member, details.Key)) as { ResultFiles: Record<string, { Key: string }[]> };
    const [succeeded] = manifest.ResultFiles.SUCCEEDED ?? [];
    const [failed] = manifest.ResultFiles.FAILED ?? [];
    expect(await fileOf(member, succeeded?.Key ?? "")).toMatchObject([
      { Status: "SUCCEEDED", Input: '{"odd":false}', Output: '{"odd":false}' },
    ]);
    expect(await fileOf(member, failed?.Key ?? "")).toMatchObject([{ Status: "FAILED", Error: "Odd" }]);
  });

  it.each(["STANDARD", "EXPRESS"])(
    "writes each large answer of a %s child to one file, also after a crash",
    async (type) => {
      const member = await aTenant();
      const count = 60;
      const items = numbers(count).map((n) => ({ n, text: "x".repeat(1_000) }));
      const large = `States.Format('${"{}".repeat(100)}'${", $.text".repeat(100)})`;
      const LARGE = {
        StartAt: "P",
        States: { P: { Type: "Pass", Parameters: { "n.$": "$.n", "text.$": large }, End: true } },
      };
      const ResultWriter = { Resource: "arn:aws:states:::s3:putObject", Parameters: { Bucket: "data", Prefix: "out" } };
      const run = await aRun(member, map(LARGE, { ResultWriter, MaxConcurrency: 20 }, type), { input: items, wait: 0 });
      await eventually(
        () => eventsOf(member, run.id),
        (events) => events.some((event) => event.type === "RunChildrenFinished"),
      );
      await evictDurableObject(objectOf(member, run.id));
      const { output } = await runOf(member, run.id, 30);
      const { Key } = (output as { ResultWriterDetails: { Key: string } }).ResultWriterDetails;
      const manifest = (await fileOf(member, Key)) as { ResultFiles: { SUCCEEDED: { Key: string; Size: number }[] } };
      expect(manifest.ResultFiles.SUCCEEDED.length).toBeGreaterThan(1);
      const written = await Promise.all(manifest.ResultFiles.SUCCEEDED.map((file) => fileOf(member, file.Key)));
      const children = written.flat() as { Name: string; Output: string; StartDate: string; StateMachineArn: string }[];
      expect(new Set(children.map(({ Name }) => Name)).size).toBe(count);
      const outputs = children.map((child) => JSON.parse(child.Output) as { n: number; text: string });
      expect(outputs.map(({ n }) => n).toSorted((one, other) => one - other)).toEqual(numbers(count));
      expect(outputs.every(({ text }) => text.length === 100_000)).toBe(true);
      expect(children[0]?.StateMachineArn).toMatch(new RegExp(`:stateMachine:${run.workflow}/M$`));
      expect(Date.parse(children[0]?.StartDate ?? "")).toBeGreaterThanOrEqual(Date.parse(run.startedAt));
      expect(JSON.stringify(await eventsOf(member, run.id)).length).toBeLessThan(200_000);
    },
  );

  it("reads a list of items that is more than one value of the database can hold, and goes on from it", async () => {
    const member = await aTenant();
    const lines = numbers(100).map((n) => JSON.stringify({ n, text: "é".repeat(12_000) }));
    await aFile(member, "many.jsonl", lines.join("\n"));
    const definition = map(REST, {
      ItemReader: {
        Resource: READER,
        ReaderConfig: { InputType: "JSONL" },
        Parameters: { Bucket: "data", Key: "many.jsonl" },
      },
      ItemSelector: { "n.$": "$$.Map.Item.Value.n" },
      ResultPath: null,
    });
    const run = await aRun(member, definition, { wait: 0 });
    await eventually(
      () => runOf(member, run.id),
      ({ waitingFor }) => (waitingFor[0]?.total ?? 0) > 0,
    );
    await evictDurableObject(objectOf(member, run.id));
    const ended = await runOf(member, run.id, 60);
    expect(ended).toMatchObject({ status: "succeeded" });
    expect(ended.seq).toBeLessThan(100);
  }, 90_000);
});
