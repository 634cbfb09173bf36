import type { ServiceContext } from "../context.ts";
import { archivedText, headerLine, orArchived, streamOf } from "./run-archive.ts";
import { getRun, runActor } from "./runs.ts";

const PAGE = 100;

/** The run and its history as JSON Lines, whether it is under way, has ended, or rests in the archive. */
export async function exportRun(ctx: ServiceContext, id: string): Promise<ReadableStream<Uint8Array>> {
  const run = await getRun(ctx, id);
  const isLive = await orArchived(
    async () => (await runActor(ctx, id).events({ after: 0, limit: 1, order: "asc" })).events.length > 0,
    async () => false,
  );
  return streamOf(isLive ? liveText(ctx, id, headerLine(run), run.seq) : archivedText(ctx, id));
}

/** Up to the event that the header knows; the run may go on meanwhile, or leave for the archive. */
async function* liveText(ctx: ServiceContext, id: string, header: string, until: number): AsyncGenerator<string> {
  yield `${header}\n`;
  for (let after = 0; after < until; ) {
    const { events } = await runActor(ctx, id).events({ after, limit: Math.min(PAGE, until - after), order: "asc" });
    const last = events.at(-1);
    if (last === undefined) return;
    yield `${events.map((event) => JSON.stringify(event)).join("\n")}\n`;
    after = last.seq;
  }
}
