import { KeptMail, MailboxQuery } from "../../../domain/identity/mail.ts";
import { listMails } from "../../../services/identity/list-mails.ts";
import { listOf } from "../listing.ts";
import { reply, routes } from "../operation.ts";

export const operatorMailbox = routes();

operatorMailbox.add(
  {
    method: "get",
    path: "/v1/operator/mailbox",
    id: "readMailbox",
    tag: "Operator",
    summary: "Mail that no provider delivers",
    access: "operator",
    query: MailboxQuery,
    returns: { 200: listOf(KeptMail) },
  },
  async ({ ctx, query }) => reply(200, await listMails(ctx, query)),
);
