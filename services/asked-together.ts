import { SECOND_MS } from "../domain/kernel/time.ts";
import { within } from "./within.ts";

/** How long one waits for what another one asked, whose caller may have left and its question with it. */
const JOIN_MS = SECOND_MS;

/**
 * Requests of one isolate that need the same answer at the same time ask for it once. The first is given what `ask` answers; the
 * others wait for that, are given nothing, and look at what the first has left where both find it. That it failed is for the
 * first alone.
 */
export function askedTogether<Answer>(): (key: string, ask: () => Promise<Answer>) => Promise<Answer | undefined> {
  const asking = new Map<string, Promise<Answer>>();
  const leave = (key: string, question: Promise<Answer>) => {
    if (asking.get(key) === question) asking.delete(key);
  };
  return async (key, ask) => {
    const asked = asking.get(key);
    const question = asked ?? ask();
    if (asked === undefined) asking.set(key, question);
    try {
      return await (asked === undefined ? question : within(ended(asked), JOIN_MS, () => undefined));
    } finally {
      leave(key, question);
    }
  };
}

/** What is known, or is read by the first of those who come together, and by each where the first has left nothing. */
export function readTogether<Value>(): (
  key: string,
  known: () => Value | null,
  read: () => Promise<Value>,
) => Promise<Value> {
  const readOnce = askedTogether<Value>();
  return async (key, known, read) => known() ?? (await readOnce(key, read)) ?? known() ?? (await read());
}

async function ended(work: Promise<unknown>): Promise<undefined> {
  await work.catch(() => {});
}
