import { and, eq, lt } from "drizzle-orm";
import { batchesOf } from "../../domain/kernel/batches.ts";
import type { ChatCompletion } from "../../domain/llm/chat-completion.ts";
import type { ServiceContext } from "../context.ts";
import { gathering } from "../gather.ts";
import { answerSamples } from "./table.ts";

const EMBEDDING_PROVIDER = "local";
const EMBEDDING_MODEL = "hash-embed";
/** Nobody waits for a sample: a busy isolate writes few times a second, whatever it answers. */
const GATHER_MS = 200;
/** A sample has five columns, and a statement of D1 at most a hundred parameters. */
const MAX_ROWS = 20;

/** Keeps the place of an answer in the space of an embedding; nothing of its text. */
export async function keepSample(ctx: ServiceContext, subject: string, completion: ChatCompletion): Promise<void> {
  const text = completion.choices[0]?.message.content ?? "";
  const provider = ctx.ports.chatModels.defaults.find(({ name }) => name === EMBEDDING_PROVIDER);
  if (text === "" || provider === undefined) return;
  const { embedding } = ctx.ports.chatModels.open(provider);
  const { vectors } = await embedding.embed({ model: EMBEDDING_MODEL, input: [text] }, {});
  const vector = Array.from(vectors[0] ?? [], (value) => Math.round(value * 1e4) / 1e4);
  await write(ctx, { id: ctx.ids.next("evt"), tenantId: ctx.tenant.id, subject, vector, at: ctx.clock.now() });
}

const write = gathering<typeof answerSamples.$inferInsert>(
  GATHER_MS,
  () => "",
  async ({ db }, rows) => {
    for (const some of batchesOf(rows, MAX_ROWS)) await db.insert(answerSamples).values(some);
  },
);

export async function dropSamples({ db, tenant }: ServiceContext, before: number): Promise<void> {
  await db.delete(answerSamples).where(and(eq(answerSamples.tenantId, tenant.id), lt(answerSamples.at, before)));
}
