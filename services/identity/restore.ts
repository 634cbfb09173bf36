import { problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { reopenTenant } from "../tenants/close-tenant.ts";
import { tenantNames } from "../tenants/load-tenant.ts";
import { type Closed, redeemClosure } from "./closure.ts";
import { insertMemberships, insertPersonRows } from "./person-rows.ts";

/** Undoes a deletion for who has read the mail about it. API keys stay revoked, and everybody signs in anew. */
export async function restore(platform: PlatformContext, token: string): Promise<void> {
  const { closed, spend } = await redeemClosure(platform, token);
  if (closed.kind === "account") return restoreAccount(platform, closed, spend);
  const { tenantId } = closed;
  await commit(systemIn(platform, tenantId), {
    change: [spend, reopenTenant(platform, tenantId)],
    also: [insertMemberships(platform, closed.memberships)],
    audit: { action: "tenant.restored", target: { type: "tenant", id: tenantId } },
    conflict: tooLate,
  });
}

type Spend = Awaited<ReturnType<typeof redeemClosure>>["spend"];

async function restoreAccount(
  platform: PlatformContext,
  { person, tenantIds }: Extract<Closed, { kind: "account" }>,
  spend: Spend,
): Promise<void> {
  const { user, memberships } = person;
  const others = memberships.map(({ tenantId }) => tenantId).filter((id) => !tenantIds.includes(id));
  const living = await tenantNames(platform, others);
  const home = tenantIds[0] ?? [...living.keys()][0] ?? "platform";
  await commit(systemIn(platform, home), {
    change: [
      spend,
      ...tenantIds.map((id) => reopenTenant(platform, id)),
      ...insertPersonRows(platform, person, (id) => tenantIds.includes(id) || living.has(id)),
    ],
    audit: { action: "user.restored", target: { type: "user", id: user.id } },
    conflict: () => problem("conflict", { detail: "The address has another account by now, or it is too late." }),
  });
}

function systemIn(platform: PlatformContext, tenantId: string): ServiceContext {
  return { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "account-mail" } };
}

function tooLate() {
  return problem("conflict", { detail: "It is too late: the tenant is being erased." });
}
