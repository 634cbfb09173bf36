import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { Database, ServiceContext } from "../context.ts";
import type { ProviderAccess } from "./ports.ts";
import type { ModelRouteRow } from "./table.ts";

// What an isolate remembers of providers and routes, so that most calls to a model need neither the database nor a decryption.
//   K1  A change bites at once where it was made, and within KEPT_MS everywhere else.
//   K2  What is remembered belongs to one tenant of one database.

const KEPT_MS = 3 * SECOND_MS;
const MAX_KEPT = 1_000;

interface KnownByName<T> {
  /** As remembered; `null`: the tenant has none of that name; `undefined`: it must be looked up. */
  find(ctx: ServiceContext, name: string): T | null | undefined;
  remember(ctx: ServiceContext, name: string, value: T | null): void;
  forget(ctx: ServiceContext, name: string): void;
}

export const knownProviders: KnownByName<ProviderAccess> = knownByName();
export const knownRoutes: KnownByName<ModelRouteRow> = knownByName();

function knownByName<T>(): KnownByName<T> {
  const byDatabase = new WeakMap<Database, Map<string, { value: T | null; until: number }>>();
  const valuesOf = ({ db }: ServiceContext) => {
    const values = byDatabase.get(db) ?? new Map<string, { value: T | null; until: number }>();
    byDatabase.set(db, values);
    return values;
  };
  return {
    find(ctx, name) {
      const known = valuesOf(ctx).get(keyOf(ctx, name));
      return known === undefined || known.until <= ctx.clock.now() ? undefined : known.value;
    },
    remember(ctx, name, value) {
      const values = valuesOf(ctx);
      if (values.size >= MAX_KEPT) values.clear();
      values.set(keyOf(ctx, name), { value, until: ctx.clock.now() + KEPT_MS });
    },
    forget(ctx, name) {
      valuesOf(ctx).delete(keyOf(ctx, name));
    },
  };
}

function keyOf({ tenant }: ServiceContext, name: string): string {
  return `${tenant.id}/${name}`;
}
