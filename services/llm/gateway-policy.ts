import { and, eq } from "drizzle-orm";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { KEY_BUDGET } from "../../domain/llm/budget.ts";
import type { Guardrail } from "../../domain/llm/guardrail.ts";
import type { Database, ServiceContext } from "../context.ts";
import { keyLines } from "../identity/key-lines.ts";
import { budgets, type ExperimentRow, experiments, guardrailPolicies } from "./table.ts";

// What holds for every call of a tenant, remembered by the isolate so that most calls need no database.
//   P1  a change bites at once where it was made, and within KEPT_MS everywhere else.
//   P2  what is remembered belongs to one tenant of one database.

export interface GatewayPolicy {
  guardrails: Guardrail[];
  /** When they were last changed; 0 where there never were any. */
  guardrailsAt: number;
  /** By name, in micro-dollars a month. */
  budgets: ReadonlyMap<string, number>;
  /** The names of the budgets that bound a key: its own, and those of the keys whose place it has taken. */
  budgetsOfKeys: ReadonlyMap<string, readonly string[]>;
  /** The running ones, by the route that they split. */
  experiments: ReadonlyMap<string, ExperimentRow>;
}

interface Known {
  policy: GatewayPolicy;
  until: number;
}

const KEPT_MS = 3 * SECOND_MS;
const MAX_KEPT = 1_000;

const byDatabase = new WeakMap<Database, Map<string, Known>>();

export async function gatewayPolicy(ctx: ServiceContext): Promise<GatewayPolicy> {
  const known = policiesOf(ctx.db).get(ctx.tenant.id);
  if (known !== undefined && known.until > ctx.clock.now()) return known.policy;
  const until = ctx.clock.now() + KEPT_MS;
  const policy = await readPolicy(ctx);
  const policies = policiesOf(ctx.db);
  if (policies.size >= MAX_KEPT) policies.clear();
  policies.set(ctx.tenant.id, { policy, until });
  return policy;
}

export function forgetGatewayPolicy({ db, tenant }: ServiceContext): void {
  policiesOf(db).delete(tenant.id);
}

async function readPolicy(ctx: ServiceContext): Promise<GatewayPolicy> {
  const { db, tenant } = ctx;
  const [policyRows, budgetRows, experimentRows] = await db.batch([
    db.select().from(guardrailPolicies).where(eq(guardrailPolicies.tenantId, tenant.id)).limit(1),
    db.select().from(budgets).where(eq(budgets.tenantId, tenant.id)),
    db
      .select()
      .from(experiments)
      .where(and(eq(experiments.tenantId, tenant.id), eq(experiments.status, "running"))),
  ]);
  const keys = budgetRows.flatMap(({ name }) => (name.startsWith(KEY_BUDGET) ? name.slice(KEY_BUDGET.length) : []));
  const lines = Map.groupBy(await keyLines(ctx, tenant.id, keys), ({ id }) => id);
  return {
    guardrails: policyRows[0]?.guardrails ?? [],
    guardrailsAt: policyRows[0]?.updatedAt ?? 0,
    budgets: new Map(budgetRows.map(({ name, usdMicrosPerMonth }) => [name, usdMicrosPerMonth])),
    budgetsOfKeys: new Map([...lines].map(([id, line]) => [id, line.map(({ first }) => `${KEY_BUDGET}${first}`)])),
    experiments: new Map(experimentRows.map((row) => [row.route, row])),
  };
}

function policiesOf(db: Database): Map<string, Known> {
  const policies = byDatabase.get(db) ?? new Map<string, Known>();
  byDatabase.set(db, policies);
  return policies;
}
