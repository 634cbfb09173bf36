import type { Json, JsonObject } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import { executionArn, mapRunArn } from "../../domain/workflows/arn.ts";
import type { Failure, MapRunSettings } from "../../domain/workflows/run/event.ts";
import { mapChildIds } from "../../domain/workflows/run-place.ts";
import type { ServiceContext } from "../context.ts";
import { bucketPrefix } from "./map-items.ts";

export interface MapResults {
  /** Of the run that has the Map. */
  runId: string;
  workflow: string;
  /** Of the map run's effect: leads to its children. */
  key: string;
  arn: string;
  settings: MapRunSettings;
  results: readonly Json[];
  failures: Readonly<Record<string, Failure>>;
  inputOf(index: number): Promise<Json>;
}

// AWS: a result file has at most 5 GB; ours are cut so that one is written from memory with ease.
const MAX_FILE_CHARACTERS = 4_000_000;

/**
 * Writes what the children of a distributed Map answered, as its ResultWriter says, and answers the state's result. Without a
 * place to write to, the transformed results are the result. Keys follow from the map run, so writing twice leaves one copy.
 */
export async function writeMapResults(ctx: ServiceContext, map: MapResults): Promise<Json> {
  const { writer } = map.settings;
  const place = isJsonObject(writer?.arguments) ? writer.arguments : {};
  const { Transformation, OutputType } = isJsonObject(writer?.config) ? writer.config : {};
  const transformation = typeof Transformation === "string" ? Transformation : "NONE";
  if (typeof place.Bucket !== "string") return transformed(await described(ctx, map), transformation).succeeded;
  const uuid = map.arn.slice(map.arn.lastIndexOf(":") + 1);
  const prefix = typeof place.Prefix === "string" && place.Prefix !== "" ? `${place.Prefix}/${uuid}` : uuid;
  const { succeeded, failed } = transformed(await described(ctx, map), transformation);
  const isLines = OutputType === "JSONL";
  const write = (status: string, values: readonly Json[]) =>
    writeFiles(ctx, place.Bucket as string, `${prefix}/${status}`, values, isLines);
  const arn = mapRunArn(ctx.tenant.id, map.workflow, map.arn);
  const manifest = {
    DestinationBucket: place.Bucket,
    MapRunArn: arn,
    ResultFiles: { FAILED: await write("FAILED", failed), PENDING: [], SUCCEEDED: await write("SUCCEEDED", succeeded) },
  };
  const key = `${prefix}/manifest.json`;
  await ctx.ports.files.put(
    `${bucketPrefix(ctx.tenant.id, place.Bucket)}${key}`,
    JSON.stringify(manifest),
    "application/json",
  );
  return { MapRunArn: arn, ResultWriterDetails: { Bucket: place.Bucket, Key: key } };
}

interface Described {
  succeeded: JsonObject[];
  failed: JsonObject[];
}

/** Each child as Step Functions describes an execution. */
async function described(ctx: ServiceContext, map: MapResults): Promise<Described> {
  const all: Described = { succeeded: [], failed: [] };
  const childId = mapChildIds(ctx.tenant.id, map.runId, map.key);
  for (let index = 0; index < map.results.length; index++) {
    const runId = childId(index);
    const failure = map.failures[index];
    const common = {
      ExecutionArn: executionArn(ctx.tenant.id, map.workflow, runId),
      Input: JSON.stringify(await map.inputOf(index)),
      InputDetails: { Included: true },
      Name: runId,
    };
    if (failure === undefined) {
      const output = JSON.stringify(map.results[index] ?? null);
      all.succeeded.push({ ...common, Output: output, OutputDetails: { Included: true }, Status: "SUCCEEDED" });
    } else {
      const { error, cause } = failure;
      all.failed.push({
        ...common,
        ...(error !== undefined && { Error: error }),
        ...(cause !== undefined && { Cause: cause }),
        Status: "FAILED",
      });
    }
  }
  return all;
}

/** AWS: COMPACT leaves the outputs, FLATTEN joins those that are arrays; failed children stay described. */
function transformed({ succeeded, failed }: Described, transformation: string): { succeeded: Json[]; failed: Json[] } {
  if (transformation === "NONE") return { succeeded, failed };
  const outputs = succeeded.map(({ Output }) => JSON.parse(String(Output)) as Json);
  return { succeeded: transformation === "FLATTEN" ? outputs.flat(1) : outputs, failed };
}

async function writeFiles(
  ctx: ServiceContext,
  bucket: string,
  name: string,
  values: readonly Json[],
  isLines: boolean,
): Promise<JsonObject[]> {
  const files: JsonObject[] = [];
  for (const texts of cut(values)) {
    const key = `${name}_${files.length}.${isLines ? "jsonl" : "json"}`;
    const body = isLines ? texts.map((text) => `${text}\n`).join("") : `[${texts.join(",")}]`;
    const type = isLines ? "application/x-ndjson" : "application/json";
    await ctx.ports.files.put(`${bucketPrefix(ctx.tenant.id, bucket)}${key}`, body, type);
    files.push({ Key: key, Size: Buffer.byteLength(body) });
  }
  return files;
}

function cut(values: readonly Json[]): string[][] {
  const files: string[][] = [];
  let characters = MAX_FILE_CHARACTERS;
  for (const value of values) {
    const text = JSON.stringify(value);
    if (characters + text.length > MAX_FILE_CHARACTERS) {
      files.push([]);
      characters = 0;
    }
    files.at(-1)?.push(text);
    characters += text.length;
  }
  return files;
}
