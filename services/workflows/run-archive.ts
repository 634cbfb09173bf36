import { jsonEquals } from "../../domain/kernel/json.ts";
import { asProblem, notFound, problem } from "../../domain/kernel/problem.ts";
import type { Run, RunEventView } from "../../domain/workflows/run-view.ts";
import type { ServiceContext } from "../context.ts";
import type { FileStore } from "../knowledge/ports.ts";
import type { EventPage, EventQuery, StartRunRequest } from "./ports.ts";

// Where ended runs rest once they have left their object: JSON Lines in files of bounded size.
//   A1  The first line of the first file is `{"archive": 1, "run": ...}`, every further line one event as clients see it, in order.
//   A2  A file is named after its first event, so that a page of the history reads only what it needs.
//   A3  Writing again writes the same files: a move that broke off is repeated whole.
//   A4  What clients never see, the credentials of tasks, does not leave the object; all that replay needs does.

const FORMAT = 1;
/** Small enough to be read whole, and few enough files for the longest history. */
const MAX_FILE_CHARACTERS = 4_000_000;
/** A page of the history ends with the file that fills it. */
const MAX_PAGE_CHARACTERS = 8_000_000;
const SEQ_DIGITS = 8;
const TYPE = "application/x-ndjson";

interface Header {
  archive: number;
  run: Run;
}

export function archiveFolder(tenantId: string, runId: string): string {
  return `${tenantId}/runs/${runId}/`;
}

/** `pages` are all events of the run, in order. */
export async function writeArchive(
  files: FileStore,
  tenantId: string,
  run: Run,
  pages: Iterable<readonly RunEventView[]>,
): Promise<void> {
  const folder = archiveFolder(tenantId, run.id);
  const flush = (first: number, lines: string[]) =>
    files.put(`${folder}${String(first).padStart(SEQ_DIGITS, "0")}.jsonl`, `${lines.join("\n")}\n`, TYPE);
  let lines = [headerLine(run)];
  let first = 1;
  let characters = 0;
  for (const page of pages) {
    for (const event of page) {
      const line = JSON.stringify(event);
      if (characters > 0 && characters + line.length > MAX_FILE_CHARACTERS) {
        await flush(first, lines);
        [lines, first, characters] = [[], event.seq, 0];
      }
      lines.push(line);
      characters += line.length;
    }
  }
  await flush(first, lines);
}

export function headerLine(run: Run): string {
  return JSON.stringify({ archive: FORMAT, run } satisfies Header);
}

/** The run as it was when it left its object; `null` where the archive knows no such run of this tenant. */
export async function findArchivedRun(ctx: ServiceContext, runId: string): Promise<Run | null> {
  const text = await ctx.ports.files.text(fileOf(ctx, runId, 1));
  if (text === null) return null;
  return (JSON.parse(text.slice(0, text.indexOf("\n"))) as Header).run;
}

/** The answer of a run's object, or of the archive where the object says that the run is not, or no longer, with it. */
export async function orArchived<T>(live: () => Promise<T>, archived: () => Promise<T>): Promise<T> {
  try {
    return await live();
  } catch (error) {
    const known = asProblem(error);
    if (known === null || (known.code !== "not-found" && known.members.reason !== "archived")) throw error;
    return archived();
  }
}

/** The name is an idempotency handle for as long as the archive lasts. */
export async function startedBefore(
  ctx: ServiceContext,
  { runId, name, workflow, input }: StartRunRequest,
): Promise<{ run: Run; created: boolean }> {
  const run = await findArchivedRun(ctx, runId);
  if (run === null) throw notFound("run");
  const isSame = name === runId || (run.workflow === workflow && jsonEquals(run.input, input));
  if (!isSame) throw problem("conflict", { detail: `A run named ${name} exists with another input.` });
  return { run, created: false };
}

export async function listArchivedEvents(ctx: ServiceContext, runId: string, page: EventQuery): Promise<EventPage> {
  const isForward = page.order === "asc";
  // Backwards `after` is the lowest seq already seen; 0 begins at the end.
  const before = isForward || page.after === 0 ? Number.POSITIVE_INFINITY : page.after;
  const files = await filesOf(ctx, runId);
  if (files.length === 0) throw notFound("run");
  const found: RunEventView[] = [];
  let characters = 0;
  for (const [i, first] of isForward ? files.entries() : [...files.entries()].reverse()) {
    const last = (files[i + 1] ?? Number.POSITIVE_INFINITY) - 1;
    if ((isForward && last <= page.after) || first >= before) continue;
    // A file that would make the page too large begins the next one.
    if (found.length > 0 && characters >= MAX_PAGE_CHARACTERS) return { events: found, hasMore: true };
    const text = await loadFile(ctx, runId, first);
    characters += text.length;
    const events = eventsIn(text, first);
    const newest = events.at(-1)?.seq;
    for (const event of isForward ? events : events.reverse()) {
      if (isForward ? event.seq > page.after : event.seq < before) found.push(event);
      if (found.length < page.limit) continue;
      const hasMore = isForward ? event.seq !== newest || i < files.length - 1 : event.seq > 1;
      return { events: found, hasMore };
    }
  }
  return { events: found, hasMore: false };
}

/** The history as server-sent events: a run in the archive has ended, so they all are there. */
export async function archivedStream(ctx: ServiceContext, runId: string, after: number): Promise<Response> {
  const files = await filesOf(ctx, runId);
  if (files.length === 0) throw notFound("run");
  const frames = async function* () {
    for (const [i, first] of files.entries()) {
      if ((files[i + 1] ?? Number.POSITIVE_INFINITY) - 1 <= after) continue;
      const events = eventsIn(await loadFile(ctx, runId, first), first).filter((event) => event.seq > after);
      yield events
        .map((event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
        .join("");
    }
  };
  return new Response(streamOf(frames()), { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

/** Text as it is read, at the reader's pace. */
export function streamOf(texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await texts.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await texts.return(undefined);
    },
  });
}

/** The files as they are, one after the other. */
export async function* archivedText(ctx: ServiceContext, runId: string): AsyncGenerator<string> {
  for (const first of await filesOf(ctx, runId)) yield await loadFile(ctx, runId, first);
}

function eventsIn(text: string, first: number): RunEventView[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.slice(first === 1 ? 1 : 0).map((line) => JSON.parse(line) as RunEventView);
}

async function loadFile(ctx: ServiceContext, runId: string, first: number): Promise<string> {
  const text = await ctx.ports.files.text(fileOf(ctx, runId, first));
  if (text === null) throw notFound("run");
  return text;
}

/** The first event of each file, in order. */
async function filesOf(ctx: ServiceContext, runId: string): Promise<number[]> {
  const folder = archiveFolder(ctx.tenant.id, runId);
  const keys = await ctx.ports.files.list(folder);
  return keys.map((key) => Number.parseInt(key.slice(folder.length), 10)).sort((a, b) => a - b);
}

function fileOf(ctx: ServiceContext, runId: string, first: number): string {
  return `${archiveFolder(ctx.tenant.id, runId)}${String(first).padStart(SEQ_DIGITS, "0")}.jsonl`;
}
