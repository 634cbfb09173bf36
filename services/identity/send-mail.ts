import { type AskedTask, PLATFORM_TENANT } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import type { Mail } from "./ports.ts";

// Mail leaves through a task of the commit that it tells of: no crash in between loses it.
//   M1  a mail rests sealed and belongs to no tenant's list of jobs, since its link may let somebody in.
//   M2  its id is the same in every attempt, so that whoever delivers it can tell a repetition.

/** The task that sends the mail, for the commit of what it tells. */
export async function mailTask(platform: PlatformContext, mail: Omit<Mail, "id">): Promise<AskedTask> {
  const mailId = platform.ids.next("msg");
  const sealed = await platform.ports.secretBox.seal(JSON.stringify(mail), sealContext(mailId));
  return { type: "mail.send", tenantId: PLATFORM_TENANT, payload: { mailId, sealed } };
}

/** Does the task. What was sealed is a mail. */
export async function sendMail(
  platform: PlatformContext,
  { mailId, sealed }: { mailId: string; sealed: string },
): Promise<void> {
  const mail = JSON.parse(await platform.ports.secretBox.open(sealed, sealContext(mailId))) as Omit<Mail, "id">;
  await platform.ports.mailer.send({ ...mail, id: mailId });
}

function sealContext(mailId: string): string {
  return `mail/${mailId}`;
}
