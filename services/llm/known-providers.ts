import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { Database, ServiceContext } from "../context.ts";
import type { ProviderAccess } from "./ports.ts";

// What an isolate remembers of providers, so that most calls to a model need neither the database nor a decryption.
//   K1  A change bites at once where it was made, and within KEPT_MS everywhere else.
//   K2  What is remembered belongs to one tenant of one database.

const KEPT_MS = 3 * SECOND_MS;
const MAX_KEPT = 1_000;

interface Known {
  /** `null`: the tenant has no provider of that name. */
  provider: ProviderAccess | null;
  until: number;
}

const byDatabase = new WeakMap<Database, Map<string, Known>>();

/** The provider as remembered; `undefined` when it must be looked up. */
export function knownProvider(ctx: ServiceContext, name: string): ProviderAccess | null | undefined {
  const known = providersOf(ctx).get(keyOf(ctx, name));
  return known === undefined || known.until <= ctx.clock.now() ? undefined : known.provider;
}

export function rememberProvider(ctx: ServiceContext, name: string, provider: ProviderAccess | null): void {
  const providers = providersOf(ctx);
  if (providers.size >= MAX_KEPT) providers.clear();
  providers.set(keyOf(ctx, name), { provider, until: ctx.clock.now() + KEPT_MS });
}

export function forgetProvider(ctx: ServiceContext, name: string): void {
  providersOf(ctx).delete(keyOf(ctx, name));
}

function providersOf({ db }: ServiceContext): Map<string, Known> {
  let providers = byDatabase.get(db);
  if (providers === undefined) {
    providers = new Map();
    byDatabase.set(db, providers);
  }
  return providers;
}

function keyOf({ tenant }: ServiceContext, name: string): string {
  return `${tenant.id}/${name}`;
}
