import type { Crossing } from "../../domain/limits/gate.ts";
import { commit } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { ownerEmails } from "../identity/owner-emails.ts";
import { mailTask } from "../identity/send-mail.ts";

/** Tells a tenant, in its audit log and by mail to its owners, that a quota is nearly or wholly used. */
export async function tellCrossing(
  platform: PlatformContext,
  tenantId: string,
  { quota, percent, used, limit }: Crossing,
): Promise<void> {
  const ctx = { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "limits" } as const };
  const details = { percent, used, limit };
  const subject = `${percent} % of the ${quota} of this billing period are used`;
  const text = `${used} of ${limit} ${quota} are used. Another plan gives more: ${platform.settings.publicUrl}/billing\n`;
  const owners = await ownerEmails(platform, tenantId);
  await commit(ctx, {
    change: [],
    audit: { action: "quota.mark-reached", target: { type: "quota", id: quota }, details },
    tasks: await Promise.all(owners.map((to) => mailTask(platform, { to, subject, text }))),
  });
}
