import { batchesOf, batchesWithin } from "../../domain/kernel/batches.ts";
import type { Json, JsonObject } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { executionArn, mapRunArn, stateMachineArn } from "../../domain/workflows/arn.ts";
import type { ChildOutcome, ChildRecord, MapRunSettings, WrittenFile } from "../../domain/workflows/run/event.ts";
import type { FailedChild, ResultFile } from "../../domain/workflows/run/state.ts";
import { mapChildIds } from "../../domain/workflows/run-place.ts";
import type { ServiceContext } from "../context.ts";
import { bucketPrefix } from "./map-items.ts";
import { getRun } from "./runs.ts";

/** A distributed Map with a ResultWriter. */
export interface MapOutput {
  /** Of the run that has the Map. */
  runId: string;
  workflow: string;
  /** The Map. */
  state: string;
  /** Of the map run's effect: leads to its children. */
  key: string;
  arn: string;
  settings: MapRunSettings;
  inputOf(index: number): Promise<Json>;
}

type Succeeded = Extract<ChildOutcome, { status: "succeeded" }>;

// Failed children, which are described without their outputs: ours are cut so that one file is put together in memory.
const MAX_FAILED_CHARACTERS = 4_000_000;
const MAX_FAILED_CHILDREN = 10_000;
/** Children whose outputs are read at once. */
const READS = 16;

/**
 * Writes one file of children that succeeded, in the order of their items. Its key follows from the map run and its number, so writing
 * it twice leaves one copy.
 */
export async function writeResultFile(
  ctx: ServiceContext,
  map: MapOutput,
  number: number,
  { key, children }: ResultFile,
): Promise<WrittenFile> {
  const described: JsonObject[] = [];
  const inOrder = children.toSorted((one, other) => one.index - other.index);
  for (const some of batchesOf(inOrder, READS)) {
    described.push(...(await Promise.all(some.map((child) => succeeded(ctx, { ...map, key }, child)))));
  }
  return writeFile(ctx, map, "SUCCEEDED", number, transformed(described, map.settings));
}

/** Writes the failed children and, last of all, what the files are. Answers the state's result. */
export async function writeManifest(
  ctx: ServiceContext,
  map: MapOutput,
  written: readonly WrittenFile[],
  failures: Readonly<Record<string, FailedChild>>,
): Promise<Json> {
  const described = await Promise.all(
    Object.entries(failures).map(([index, failure]) => failed(ctx, map, Number(index), failure)),
  );
  const bounds = { items: MAX_FAILED_CHILDREN, size: MAX_FAILED_CHARACTERS };
  const files: WrittenFile[] = [];
  for (const some of batchesWithin(described, bounds, (child) => JSON.stringify(child).length)) {
    files.push(await writeFile(ctx, map, "FAILED", files.length, some));
  }
  const { bucket, prefix } = placeOf(map);
  const arn = mapRunArn(ctx.tenant.id, map.workflow, map.arn);
  const manifest = {
    DestinationBucket: bucket,
    MapRunArn: arn,
    ResultFiles: { FAILED: files, PENDING: [], SUCCEEDED: written },
  };
  const key = `${prefix}/manifest.json`;
  await ctx.ports.files.put(storeKey(ctx, bucket, key), JSON.stringify(manifest), "application/json");
  return { MapRunArn: arn, ResultWriterDetails: { Bucket: bucket, Key: key } };
}

/** The state's result where the ResultWriter names no place: what succeeded, transformed. */
export async function transformedResults(
  ctx: ServiceContext,
  map: MapOutput,
  results: readonly Json[],
  failures: Readonly<Record<string, FailedChild>>,
): Promise<Json> {
  const described: JsonObject[] = [];
  for (const [index, output] of results.entries()) {
    if (failures[index] !== undefined) continue;
    described.push(await succeeded(ctx, map, { index, status: "succeeded", output }));
  }
  return transformed(described, map.settings);
}

/** A child as Step Functions describes an execution. What the Map was not told, the child itself says. */
async function succeeded(ctx: ServiceContext, map: MapOutput, child: Succeeded): Promise<JsonObject> {
  const { index, output, record } = child;
  const { input, output: its } =
    output === undefined ? await ended(ctx, map, index) : { input: await map.inputOf(index), output };
  return {
    ...common(ctx, map, index, input, record),
    Output: JSON.stringify(its),
    OutputDetails: { Included: true },
    Status: "SUCCEEDED",
  };
}

async function ended(ctx: ServiceContext, map: MapOutput, index: number): Promise<{ input: Json; output: Json }> {
  const { input, output = null } = await getRun(ctx, childIdOf(ctx, map, index));
  return { input, output };
}

async function failed(
  ctx: ServiceContext,
  map: MapOutput,
  index: number,
  { error, cause, record }: FailedChild,
): Promise<JsonObject> {
  return {
    ...common(ctx, map, index, await map.inputOf(index), record),
    ...(error !== undefined && { Error: error }),
    ...(cause !== undefined && { Cause: cause }),
    Status: "FAILED",
  };
}

function common(
  ctx: ServiceContext,
  map: MapOutput,
  index: number,
  input: Json,
  record: ChildRecord | undefined,
): JsonObject {
  const name = childIdOf(ctx, map, index);
  return {
    ExecutionArn: executionArn(ctx.tenant.id, map.workflow, name),
    Input: JSON.stringify(input),
    InputDetails: { Included: true },
    Name: name,
    ...(record !== undefined && { StartDate: isoTime(record.startedAt), StopDate: isoTime(record.stoppedAt) }),
    StateMachineArn: stateMachineArn(ctx.tenant.id, `${map.workflow}/${map.state}`),
  };
}

function childIdOf(ctx: ServiceContext, { runId, key }: MapOutput, index: number): string {
  return mapChildIds(ctx.tenant.id, runId, key)(index);
}

/** AWS: COMPACT leaves the outputs, FLATTEN joins those that are arrays. */
function transformed(described: JsonObject[], { writer }: MapRunSettings): Json[] {
  const { Transformation } = isJsonObject(writer?.config) ? writer.config : {};
  if (Transformation !== "COMPACT" && Transformation !== "FLATTEN") return described;
  const outputs = described.map(({ Output }) => JSON.parse(String(Output)) as Json);
  return Transformation === "FLATTEN" ? outputs.flat(1) : outputs;
}

async function writeFile(
  ctx: ServiceContext,
  map: MapOutput,
  status: "SUCCEEDED" | "FAILED",
  number: number,
  values: readonly Json[],
): Promise<WrittenFile> {
  const { bucket, prefix, isLines } = placeOf(map);
  const key = `${prefix}/${status}_${number}.${isLines ? "jsonl" : "json"}`;
  const body = isLines ? values.map((value) => `${JSON.stringify(value)}\n`).join("") : JSON.stringify(values);
  const type = isLines ? "application/x-ndjson" : "application/json";
  const { size } = await ctx.ports.files.put(storeKey(ctx, bucket, key), body, type);
  return { Key: key, Size: size };
}

function placeOf({ arn, settings: { writer } }: MapOutput): { bucket: string; prefix: string; isLines: boolean } {
  const { Bucket, Prefix } = isJsonObject(writer?.arguments) ? writer.arguments : {};
  const { OutputType } = isJsonObject(writer?.config) ? writer.config : {};
  const uuid = arn.slice(arn.lastIndexOf(":") + 1);
  const prefix = typeof Prefix === "string" && Prefix !== "" ? `${Prefix}/${uuid}` : uuid;
  return { bucket: String(Bucket), prefix, isLines: OutputType === "JSONL" };
}

function storeKey(ctx: ServiceContext, bucket: string, key: string): string {
  return `${bucketPrefix(ctx.tenant.id, bucket)}${key}`;
}
