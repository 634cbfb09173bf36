import { and, desc, eq } from "drizzle-orm";
import type { KeptMail, MailboxQuery } from "../../domain/identity/mail.ts";
import { type Page, pageOf } from "../../domain/kernel/page.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { mails } from "./table.ts";

/** The mailbox of the platform's operator, newest first. */
export async function listMails(
  platform: PlatformContext,
  { to, limit, cursor }: MailboxQuery,
): Promise<Page<KeptMail>> {
  const rows = await platform.db
    .select()
    .from(mails)
    .where(and(to === undefined ? undefined : eq(mails.recipient, to), olderThan(mails.at, mails.id, cursor)))
    .orderBy(desc(mails.at), desc(mails.id))
    .limit(limit + 1);
  return pageOf(rows, limit, (row) => [String(row.at), row.id], toMail);
}

function toMail({ recipient, subject, text, html, at }: typeof mails.$inferSelect): KeptMail {
  return { to: recipient, subject, text, ...(html !== null && { html }), at: isoTime(at) };
}
