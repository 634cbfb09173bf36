import { env } from "cloudflare:workers";
import * as z from "zod";
import { Role, roleAllows, type Scope, scopesAllow } from "../../../domain/kernel/permission.ts";
import type { Access, Operation } from "../../../workers/http/operation.ts";
import { aMember, anApiKey } from "../../support/a-tenant.ts";
import { bearer, ORIGIN } from "../../support/client.ts";
import { BODIES, BODY_NAMES, type House, pathWith, slotsOf } from "./a-house.ts";

// Walks operations as every kind of caller and lists what should not have happened. Nothing here knows an operation: what to
// expect follows from its `access`, its path and the permission table.
//   V1  who may not call is refused, before anything else is looked at.
//   V2  another tenant's resource is answered exactly as one that never was: status, headers and body.
//   V3  a text that is no id is refused like an absent id or as invalid; never taken, never a failure of ours.
//   V4  no answer to one tenant holds an id or a text of another that the caller did not send.
//   V5  whatever a stranger tried, the rows of the tenant are as they were.

export type Send = (request: Request) => Promise<Response>;

export interface Finding {
  operation: string;
  caller: string;
  what: string;
}

interface Caller {
  name: string;
  token: string | null;
  /** Null for one whose credential is worth nothing. */
  standing: { role: Role; scope: Scope | null } | null;
}

interface Answered {
  status: number;
  headers: string;
  text: string;
}

const MALFORMED = ["zzz", "' or 1=1 --", "a:b", "%2e%2e", "%00", "null", "x".repeat(300), "ten_", "*"];
const EMPTY_LIST = '{"data":[],"nextCursor":null}';
const SCOPES: readonly Scope[] = ["*", "runs:read", "workflows:write", "knowledge:read", "keys:write", "audit:read"];

export async function callersOf(house: House): Promise<Caller[]> {
  const { owner } = house;
  const { userId, tenantId, sessionId, role, ctx } = owner;
  const members = await Promise.all(
    Role.options.map(async (one): Promise<Caller> => {
      const { token } = one === "owner" ? owner : await aMember(owner, one);
      return { name: one, token, standing: { role: one, scope: null } };
    }),
  );
  const keys = await Promise.all(
    SCOPES.map(async (scope): Promise<Caller> => {
      const { key } = await anApiKey(owner, [scope]);
      return { name: `key with ${scope}`, token: key, standing: { role: "owner", scope } };
    }),
  );
  const deleted = await anApiKey(owner, ["*"]);
  await owner.call(`/v1/api-keys/${deleted.id}`, { method: "DELETE" });
  const expired = await ctx.ports.tokenSigner.sign({ userId, tenantId, sessionId, role }, -60);
  const nobody = (name: string, token: string | null): Caller => ({ name, token, standing: null });
  return [
    nobody("nobody", null),
    nobody("garbage", "garbage"),
    nobody("unsigned token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."),
    nobody("expired token", expired),
    nobody("deleted key", deleted.key),
    ...members,
    ...keys,
  ];
}

/** V1, and V3 for callers who may call. */
export async function walkAccess(send: Send, operations: readonly Operation[], house: House): Promise<Finding[]> {
  const callers = await callersOf(house);
  const findings: Finding[] = [];
  for (const operation of operations) {
    const wrongs = await Promise.all(callers.map((caller) => knock(send, operation, caller, house)));
    callers.forEach(({ name }, i) => {
      const what = wrongs[i] ?? null;
      if (what !== null) findings.push({ operation: operation.id, caller: name, what });
    });
  }
  return findings;
}

/** What is wrong about the answer to this caller, if anything. */
async function knock(send: Send, operation: Operation, caller: Caller, house: House): Promise<string | null> {
  const expected = expectation(operation.access, caller);
  // Who is to be refused asks for what is there; who is let in asks for nothing real, so that the walk changes nothing.
  const isRefused = expected === 401 || expected === 403;
  if (!isRefused && changesWithoutName(operation)) return null;
  const values = valuesOf(operation, house, ({ key }) => {
    const own = house.things.get(key) ?? "";
    return isRefused ? own : absentOf(house, own);
  });
  const body = isRefused ? BODIES[operation.id]?.(house) : { "not-a-member": true };
  return wrongStatus(expected, await ask(send, operation, values, caller.token, body));
}

/** V2 to V5: a stranger, owner of another tenant, against everything that the house holds. */
export async function walkIsolation(
  send: Send,
  operations: readonly Operation[],
  house: House,
  stranger: House,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const secrets = await idsOf(house);
  const before = await rowsOf(house);
  const { token } = stranger.owner;
  const walked = operations.filter(({ access }) => access !== "public" && access !== "operator");
  const note = (operation: Operation, what: string) => {
    findings.push({ operation: operation.id, caller: "stranger", what });
  };
  const asked = async (operation: Operation, values: Record<string, string>, body: object | undefined, query = "") => {
    const answer = await ask(send, operation, values, token, body, query);
    const sent = `${pathWith(operation, values)}${query}${JSON.stringify(body)}`;
    const leaked = [...secrets, house.marker].filter(
      (secret) => answer.text.includes(secret) && !sent.includes(secret),
    );
    if (leaked.length > 0) note(operation, `tells ${leaked.slice(0, 3).join(", ")}`);
    if (answer.status >= 500) note(operation, `fails with ${answer.status}`);
    return answer;
  };

  for (const operation of walked) {
    for (const { foreign, absent, foreignBody, absentBody } of pairs(operation, house, stranger)) {
      const first = await asked(operation, foreign, foreignBody);
      const second = await asked(operation, absent, absentBody);
      const isShallow = (first.status === 422 || first.status === 400) && foreignBody === absentBody;
      if (isShallow) note(operation, `needs an example body: ${first.text}`);
      if (comparable(first, foreign) !== comparable(second, absent)) {
        note(operation, `tells foreign from absent:\n${comparable(first, foreign)}\n${comparable(second, absent)}`);
      }
    }
    for (const text of slotsOf(operation).length > 0 && operation.method !== "put" ? MALFORMED : []) {
      const values = valuesOf(operation, stranger, () => text);
      const answer = await asked(operation, values, BODIES[operation.id]?.(stranger));
      // A list under a name that holds nothing is an empty list.
      const isTaken = answer.status < 400 && answer.status !== 204 && answer.text !== EMPTY_LIST;
      if (isTaken) note(operation, `takes ${JSON.stringify(text)} for a name`);
    }
    if (operation.method === "get" && slotsOf(operation).length === 0) {
      await asked(operation, {}, undefined);
      const isList = operation.query instanceof z.ZodObject && "cursor" in operation.query.shape;
      const cursor = isList
        ? cursorIn((await ask(send, operation, {}, house.owner.token, undefined, "?limit=1")).text)
        : null;
      if (cursor !== null) await asked(operation, {}, undefined, `?cursor=${encodeURIComponent(cursor)}`);
    }
  }
  const after = await rowsOf(house);
  for (const [table, rows] of before) {
    if (after.get(table) !== rows) findings.push({ operation: table, caller: "stranger", what: "rows were changed" });
  }
  return findings;
}

/** 401, 403, or null for one who is let in. */
function expectation(access: Access, { standing }: Caller): 401 | 403 | "any" | null {
  if (access === "public") return "any";
  if (access === "operator" || standing === null) return 401;
  // What is a person's own is refused to keys by the verb.
  if (access === "signed-in") return standing.scope === null ? null : "any";
  const { role, scope } = standing;
  const isAllowed = roleAllows(role, access) && (scope === null || scopesAllow([scope], access));
  return isAllowed ? null : 403;
}

function wrongStatus(expected: 401 | 403 | "any" | null, { status, text }: Answered): string | null {
  if (status >= 500) return `fails with ${status}: ${text}`;
  if (expected === "any") return null;
  if (expected === null) return status === 401 ? "is not let in" : null;
  if (expected === 401 && AWS_REFUSAL.test(text)) return null;
  return status === expected ? null : `answers ${status} instead of ${expected}: ${text.slice(0, 200)}`;
}

// The Step Functions protocol says with 400 and a type of its own who is not let in.
const AWS_REFUSAL = /^\{"__type":"(?:MissingAuthenticationToken|UnrecognizedClient)Exception"/;

/** Nothing in the request could keep it from doing its work. */
function changesWithoutName(operation: Operation): boolean {
  return operation.method !== "get" && operation.body === undefined && slotsOf(operation).length === 0;
}

interface Pair {
  foreign: Record<string, string>;
  absent: Record<string, string>;
  foreignBody: object | undefined;
  absentBody: object | undefined;
}

/** Every way to name something of the house in a request of the stranger's, each beside the same request for nothing. */
function pairs(operation: Operation, house: House, stranger: House): Pair[] {
  const slots = slotsOf(operation).filter(({ fixed }) => fixed === null);
  const found: Pair[] = [];
  for (let choice = 1; choice < 2 ** slots.length; choice++) {
    const isForeign = (name: string) => (choice >> slots.findIndex((slot) => slot.name === name)) % 2 === 1;
    const pick = (foreign: (key: string) => string) =>
      valuesOf(operation, stranger, ({ name, key }) => {
        return isForeign(name) ? foreign(key) : (stranger.things.get(key) ?? "");
      });
    const body = BODIES[operation.id]?.(stranger);
    found.push({
      foreign: pick((key) => house.things.get(key) ?? ""),
      absent: pick((key) => absentOf(stranger, house.things.get(key) ?? "")),
      foreignBody: body,
      absentBody: body,
    });
  }
  if (BODY_NAMES.includes(operation.id)) {
    const foreignBody = BODIES[operation.id]?.(house);
    const names = [house.owner.tenantId, ...house.things.values()];
    const absentBody = JSON.parse(
      names.reduce((text, name) => text.replaceAll(name, absentOf(stranger, name)), JSON.stringify(foreignBody)),
    );
    found.push({ foreign: {}, absent: {}, foreignBody, absentBody });
  }
  return found;
}

function valuesOf(
  operation: Operation,
  house: House,
  pick: (slot: ReturnType<typeof slotsOf>[number]) => string,
): Record<string, string> {
  return Object.fromEntries(
    slotsOf(operation).map((slot) => {
      if (slot.fixed === null && !house.things.has(slot.key)) {
        throw new Error(`The house has no example of ${slot.key}: add one, so that the walk can knock at it.`);
      }
      return [slot.name, slot.fixed ?? pick(slot)];
    }),
  );
}

const absents = new Map<string, string>();

/** Of the same form as `like`, and never given to anything; the same each time, since a PUT makes what it names. */
function absentOf({ owner }: House, like: string): string {
  const [, lead = "", prefix] = /^(.*?)([a-z]{2,4})_[0-9a-z]{26}$/.exec(like) ?? [];
  if (prefix === undefined) return like.replace(/[a-z0-9]+$/, "gone");
  const key = `${owner.tenantId} ${like}`;
  const known = absents.get(key) ?? lead + owner.ctx.ids.next(prefix as Parameters<typeof owner.ctx.ids.next>[0]);
  absents.set(key, known);
  return known;
}

async function ask(
  send: Send,
  operation: Operation,
  values: Record<string, string>,
  token: string | null,
  body: object | undefined,
  query = "",
): Promise<Answered> {
  const hasBody = operation.method !== "get" && operation.method !== "delete" && body !== undefined;
  const response = await send(
    new Request(`${ORIGIN}${pathWith(operation, values)}${query}`, {
      method: operation.method.toUpperCase(),
      headers: { ...(token !== null && bearer(token)), ...(hasBody && { "content-type": "application/json" }) },
      ...(hasBody && { body: JSON.stringify(body) }),
    }),
  );
  const kept = [...response.headers].filter(([name]) => !/^(?:x-request-id|traceparent|ratelimit)$/.test(name));
  return {
    status: response.status,
    headers: JSON.stringify(kept),
    text: new TextDecoder().decode(await response.arrayBuffer()),
  };
}

/** The answer without what differs between any two: ids of the request and of what was made, times, the name that was sent. */
function comparable({ status, headers, text }: Answered, sent: Record<string, string>): string {
  let body = text;
  for (const value of Object.values(sent).filter(({ length }) => length > 3)) body = body.replaceAll(value, "<sent>");
  body = body
    .replaceAll(/\b[a-z]{2,4}_[0-9a-z]{26}\b/g, "<id>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replaceAll(/"(?:created|startedAtMs|latencyMs)":\d+/g, "<number>")
    .replaceAll(/\b(?:flow|live|call|models|route|bucket|file)-\w+/g, "<name>");
  return `${status} ${headers.replaceAll(/"content-length","\d+"|(?<="etag",)"\\"\w+\\""/g, "")} ${body}`;
}

function cursorIn(text: string): string | null {
  try {
    const { nextCursor } = JSON.parse(text) as { nextCursor?: unknown };
    return typeof nextCursor === "string" ? nextCursor : null;
  } catch {
    return null;
  }
}

/** The ids of everything that the tenant's rows hold. */
async function idsOf(house: House): Promise<string[]> {
  const rows = [...(await rowsOf(house)).values()].join("\n");
  const found = rows.match(/\b(?:ten|usr|key|ses|inv|run|rev|sch|kb|doc|job|wf)_[0-9a-z]{26}\b/g) ?? [];
  return [...new Set([house.owner.tenantId, ...found])];
}

// What the platform keeps for itself moves without anybody's doing.
const BOOKKEEPING = /^(?:audit_unsealed|tasks|standings)$/;

/** Every row of the tenant in the database, by table. */
async function rowsOf({ owner }: House): Promise<Map<string, string>> {
  const { results } = await env.DB.prepare(
    "select name from sqlite_master where type = 'table' and sql like '%`tenant_id`%'",
  ).all<{ name: string }>();
  const rows = new Map<string, string>();
  for (const { name } of results.filter((table) => !BOOKKEEPING.test(table.name))) {
    const held = await env.DB.prepare(`select * from ${name} where tenant_id = ?`).bind(owner.tenantId).all();
    rows.set(name, JSON.stringify(held.results));
  }
  return rows;
}
