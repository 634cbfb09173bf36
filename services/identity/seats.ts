import { type SQL, sql } from "drizzle-orm";
import { type Problem, problem } from "../../domain/kernel/problem.ts";
import { demand, type Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";

// A tenant's plan says how many members it may have. Whoever may still accept an invitation has a seat, too: the mail promised it.

/** What who joins must find: the tenant may act, and there is room. */
export interface Seats {
  /** Undoes the commit that it ends, when there are more than the limit: two who take the last seat do not both get it. */
  guard: Statement;
  /** Says that there is none left, where that is why the guarded commit failed. */
  explain(failure: unknown): Promise<never>;
}

/** Seats for a new member, where an open invitation has its seat already. Throws for a tenant that is suspended, or full. */
export async function seatForMember(platform: PlatformContext, tenantId: string): Promise<Seats> {
  return seats(platform, tenantId, membersOf(tenantId));
}

/** Seats for an invitation. `email` may have one, which this one would replace. */
export async function seatForInvitation(platform: PlatformContext, tenantId: string, email: string): Promise<Seats> {
  const others = invitationsOf(tenantId, platform.clock.now(), sql`and i.email <> ${email}`);
  return seats(platform, tenantId, sql`${membersOf(tenantId)} + ${others}`, allSeats(platform, tenantId));
}

/** How many seats are taken. */
export async function seatsTaken(platform: PlatformContext, tenantId: string): Promise<number> {
  return countOf(platform, allSeats(platform, tenantId));
}

async function seats(platform: PlatformContext, tenantId: string, before: SQL, after = before): Promise<Seats> {
  const { isSuspended, capacities } = await platform.ports.tenantGates.of(tenantId).standing(true);
  if (isSuspended) throw problem("tenant-suspended", { detail: "Nobody can join the tenant while it is suspended." });
  const { limit } = capacities.members;
  const refusal = async () => ((await countOf(platform, before)) < limit ? null : full(platform, limit));
  const known = await refusal();
  if (known !== null) throw known;
  const explain = async (failure: unknown) => {
    throw (await refusal()) ?? failure;
  };
  return { guard: demand(platform.db, sql`${after} <= ${limit}`), explain };
}

function full(platform: PlatformContext, limit: number): Problem {
  return problem("quota-exceeded", {
    detail: `All of the tenant's ${limit} seats are taken, by members and open invitations.`,
    members: { "violated-policies": ["members"], upgradeUrl: `${platform.settings.publicUrl}/billing` },
  });
}

function allSeats(platform: PlatformContext, tenantId: string): SQL {
  return sql`${membersOf(tenantId)} + ${invitationsOf(tenantId, platform.clock.now(), sql``)}`;
}

function membersOf(tenantId: string): SQL {
  return sql`(select count(*) from memberships m where m.tenant_id = ${tenantId})`;
}

function invitationsOf(tenantId: string, now: number, which: SQL): SQL {
  return sql`(select count(*) from invitations i where i.tenant_id = ${tenantId} and i.accepted_at is null
    and i.revoked_at is null and i.expires_at > ${now} ${which})`;
}

async function countOf({ db }: PlatformContext, amount: SQL): Promise<number> {
  const row = await db.get<{ amount: number }>(sql`select ${amount} as amount`);
  return row.amount;
}
