import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { Database, ServiceContext } from "../context.ts";
import { type FunctionRow, findFunction } from "./find-function.ts";

// What an isolate remembers of functions, so that most calls need neither the database nor a decryption.
//   F1  A change bites at once where it was made, and within KEPT_MS everywhere else.
//   F2  What is remembered belongs to one tenant of one database.

const KEPT_MS = 3 * SECOND_MS;
const MAX_KEPT = 1_000;

/** A function with its secrets opened. */
export interface FunctionAccess {
  name: string;
  url: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  secret: string | null;
  timeoutSeconds: number;
}

interface Known {
  /** `null`: the tenant has no function of that name. */
  access: FunctionAccess | null;
  until: number;
}

const byDatabase = new WeakMap<Database, Map<string, Known>>();

export async function functionAccess(ctx: ServiceContext, name: string): Promise<FunctionAccess | null> {
  const known = knownOf(ctx);
  const key = keyOf(ctx, name);
  const remembered = known.get(key);
  if (remembered !== undefined && remembered.until > ctx.clock.now()) return remembered.access;
  const row = await findFunction(ctx, name);
  const access = row === null ? null : await opened(ctx, row);
  if (known.size >= MAX_KEPT) known.clear();
  known.set(key, { access, until: ctx.clock.now() + KEPT_MS });
  return access;
}

export function forgetFunction(ctx: ServiceContext, name: string): void {
  knownOf(ctx).delete(keyOf(ctx, name));
}

/** What secrets are sealed for: they open in the row they were written to and nowhere else. */
export function sealContext(ctx: ServiceContext, name: string): string {
  return `function/${ctx.tenant.id}/${name}`;
}

async function opened(ctx: ServiceContext, row: FunctionRow): Promise<FunctionAccess> {
  const { name, url, sealedHeaders, sealedSecret, timeoutSeconds } = row;
  const open = (sealed: string) => ctx.ports.secretBox.open(sealed, sealContext(ctx, name));
  const headers = sealedHeaders === null ? {} : (JSON.parse(await open(sealedHeaders)) as Record<string, string>);
  return {
    name,
    url,
    headers: Object.fromEntries(Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value])),
    secret: sealedSecret === null ? null : await open(sealedSecret),
    timeoutSeconds,
  };
}

function knownOf({ db }: ServiceContext): Map<string, Known> {
  let known = byDatabase.get(db);
  if (known === undefined) {
    known = new Map();
    byDatabase.set(db, known);
  }
  return known;
}

function keyOf({ tenant }: ServiceContext, name: string): string {
  return `${tenant.id}/${name}`;
}
