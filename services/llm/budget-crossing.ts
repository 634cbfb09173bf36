import type { BudgetCrossing } from "../../domain/llm/budget-book.ts";
import { commit } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { ownerEmails } from "../identity/owner-emails.ts";
import { mailTask } from "../identity/send-mail.ts";

/** Tells a tenant, in its audit log and by mail to its owners, that a budget is nearly or wholly spent. */
export async function tellBudgetCrossing(
  platform: PlatformContext,
  tenantId: string,
  { budget, percent, spentUsdMicros }: BudgetCrossing,
): Promise<void> {
  const ctx = { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "budgets" } as const };
  const details = { percent, spentUsdMicros, usdMicrosPerMonth: budget.usdMicrosPerMonth };
  const subject = `${percent} % of the budget ${budget.name} of this month are spent`;
  const text = `${dollars(spentUsdMicros)} of ${dollars(budget.usdMicrosPerMonth)} are spent on calls to models.\n`;
  const owners = await ownerEmails(platform, tenantId);
  await commit(ctx, {
    change: [],
    audit: { action: "budget.mark-reached", target: { type: "budget", id: budget.name }, details },
    tasks: await Promise.all(owners.map((to) => mailTask(platform, { to, subject, text }))),
  });
}

function dollars(usdMicros: number): string {
  return `${(usdMicros / 1_000_000).toFixed(2)} USD`;
}
