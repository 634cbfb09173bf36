import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Json } from "../../../domain/kernel/json.ts";
import { placeOf } from "../../../domain/workflows/run-place.ts";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { eventually } from "../../support/a-run.ts";
import type { TestMember } from "../../support/a-tenant.ts";

export interface RunEvent {
  seq: number;
  at: string;
  type: string;
  state?: string;
  input?: Json;
  output?: Json;
}

/** The object that is the only writer of the run. */
export function objectOf(member: TestMember, runId: string) {
  return env.WORKFLOW_RUN.get(env.WORKFLOW_RUN.idFromName(`${member.tenantId}:${placeOf(runId).object}`));
}

/** Tables of the object that hold anything. */
export async function tablesWithRows(object: DurableObjectStub): Promise<string[]> {
  return runInDurableObject(object, (_object, { storage: { sql } }) => {
    const tables = sql.exec<{ name: string }>("select name from sqlite_master where type = 'table'").toArray();
    const own = tables.map(({ name }) => name).filter((name) => !/^(?:_|sqlite_)/.test(name));
    return own.filter((name) => sql.exec(`select 1 from "${name}" limit 1`).toArray().length > 0);
  });
}

export async function runOf(member: TestMember, id: string, wait = 0): Promise<Run> {
  return (await member.call(`/v1/runs/${id}?wait=${wait}`)).body as Run;
}

export async function eventsOf(member: TestMember, id: string): Promise<RunEvent[]> {
  return (await member.call(`/v1/runs/${id}/events?limit=1000`)).body.data;
}

/** Puts up a workflow without starting it. */
export async function aWorkflow(
  member: TestMember,
  name: string,
  definition: Json,
  type: "STANDARD" | "EXPRESS" = "STANDARD",
): Promise<void> {
  const { status, body } = await member.call(`/v1/workflows/${name}`, { method: "PUT", body: { definition, type } });
  if (status > 201) throw new Error(`The definition was refused: ${JSON.stringify(body)}`);
}

/** The runs that this one started, once there are `count`. */
export async function childrenOf(member: TestMember, parentRunId: string, count = 1): Promise<Run[]> {
  return eventually(
    async () => (await member.call(`/v1/runs?parentRunId=${parentRunId}&limit=100`)).body.data as Run[],
    (runs) => runs.length >= count,
  );
}

export function task(resource: string, members: Record<string, Json>): Json {
  return { StartAt: "T", States: { T: { Type: "Task", Resource: resource, End: true, ...members } } };
}
