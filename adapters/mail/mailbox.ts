import { sql } from "drizzle-orm";
import type { Ids } from "../../domain/kernel/id.ts";
import type { Clock } from "../../domain/kernel/time.ts";
import type { Database } from "../../services/context.ts";
import type { Mailer } from "../../services/identity/ports.ts";

/** Keeps mail in the table `mails`, where the operator can read it, for places with no provider to deliver it. */
export function mailbox(db: Database, { clock, ids }: { clock: Clock; ids: Ids }): Mailer {
  return {
    async send({ to, subject, text, html }) {
      await db.run(sql`
        insert into mails (id, recipient, subject, text, html, at)
        values (${ids.next("msg")}, ${to}, ${subject}, ${text}, ${html ?? null}, ${clock.now()})
      `);
    },
  };
}
