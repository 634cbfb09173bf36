import { eventually } from "./a-run.ts";
import { callAsOperator } from "./client.ts";

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

export async function mailsTo(address: string): Promise<Mail[]> {
  return (await callAsOperator(`/v1/operator/mailbox?to=${address}`)).body.data;
}

/** The newest mail about this to the address, of more than `after`: mail leaves a moment after what it tells of. */
export async function mailTo(address: string, about = /./, after = 0): Promise<Mail> {
  const mails = await eventually(
    async () => (await mailsTo(address)).filter(({ subject }) => about.test(subject)),
    ({ length }) => length > after,
  );
  const [newest] = mails;
  if (newest === undefined) throw new Error("eventually() has waited for one");
  return newest;
}

export function tokenIn({ text }: Mail): string {
  return /\?token=(\w+)/.exec(text)?.[1] ?? "";
}
