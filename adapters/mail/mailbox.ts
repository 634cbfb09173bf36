import { sql } from "drizzle-orm";
import type { Clock } from "../../domain/kernel/time.ts";
import type { Database } from "../../services/context.ts";
import type { Mailer } from "../../services/identity/ports.ts";

/** Keeps mail in the table `mails`, where the operator can read it, for places with no provider to deliver it. */
export function mailbox(db: Database, { clock }: { clock: Clock }): Mailer {
  return {
    async send({ id, to, subject, text, html }) {
      await db.run(sql`
        insert or ignore into mails (id, recipient, subject, text, html, at)
        values (${id}, ${to}, ${subject}, ${text}, ${html ?? null}, ${clock.now()})
      `);
    },
  };
}
