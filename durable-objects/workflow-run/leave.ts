import { isEnded } from "../../domain/workflows/run/state.ts";
import type { RunEventView } from "../../domain/workflows/run-view.ts";
import type { FileStore } from "../../services/knowledge/ports.ts";
import { writeArchive } from "../../services/workflows/run-archive.ts";
import type { Family } from "./family.ts";
import type { Journal } from "./journal.ts";
import type { LiveRun } from "./live-run.ts";
import type { Tables } from "./tables.ts";
import { toEventView, toRun } from "./view.ts";

/** Of events in memory at once; fewer where they are large. */
const PAGE = 1_000;

/**
 * Moves an ended run into the archive; only that it was here stays behind, so that its name starts no second run. False while
 * somebody is still to be told of it. Within a turn: nothing can happen to the run between the copy and the removal.
 */
export async function leaveForArchive(
  run: LiveRun,
  { journal, family, tables }: { journal: Journal; family: Family; tables: Tables },
  files: FileStore,
): Promise<boolean> {
  const live = run.load();
  if (live === null) return journal.isArchived;
  const isTold = journal.isKept && journal.projected().seq >= live.state.seq && !family.hasNews();
  if (!isEnded(live.state) || !isTold || run.effects.size > 0) return false;
  await writeArchive(files, live.origin.tenantId, toRun(live), pagesOf(journal, live.state.seq));
  tables.transaction(() => {
    family.leave();
    journal.leave();
  });
  await run.forget();
  return true;
}

function* pagesOf(journal: Journal, until: number): Generator<RunEventView[]> {
  for (let after = 0; after < until; ) {
    const events = journal.page(after, after + PAGE, "asc").map(toEventView);
    yield events;
    after = events.at(-1)?.seq ?? until;
  }
}
