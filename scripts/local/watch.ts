import { existsSync, watch } from "node:fs";
import path from "node:path";

const SOURCES = ["workers", "durable-objects", "services", "domain", "adapters"];
// Editors write a file in several steps; one save is one change.
const SETTLE_MS = 60;

/** Calls `changed` after every save below the folders of the Worker, never twice at the same time. */
export function watchSources(root: string, changed: () => Promise<void>): void {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const schedule = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(changed);
    }, SETTLE_MS);
  };
  for (const folder of SOURCES) {
    const absolute = path.join(root, folder);
    if (existsSync(absolute)) watch(absolute, { recursive: true }, schedule);
  }
}
