import * as z from "zod";
import { PageRequest } from "../kernel/page.ts";

export const KeptMail = z
  .object({ to: z.string(), subject: z.string(), text: z.string(), html: z.string().optional(), at: z.iso.datetime() })
  .meta({ id: "KeptMail", description: "Mail that the mailbox keeps where no provider delivers it" });
export type KeptMail = z.infer<typeof KeptMail>;

export const MailboxQuery = PageRequest.extend({ to: z.string().max(254).toLowerCase().optional() });
export type MailboxQuery = z.infer<typeof MailboxQuery>;
