import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../domain/workflows/run/event.ts";
import { progress, waitingFor } from "../../../domain/workflows/run/projection.ts";
import { replay } from "../../../domain/workflows/run/replay.ts";
import type { RunState } from "../../../domain/workflows/run/state.ts";
import type { Run, RunEventView } from "../../../domain/workflows/run-view.ts";

// Histories of real runs, as `GET /v1/runs/{id}/export` gave them. Runs like these rest in journals and archives: what replays
// differently breaks them, so the files are added to and never changed.

const FOLDER = `${import.meta.dirname}/../../golden`;
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl"));

function history(file: string): { run: Run; events: RunEvent[] } {
  const [header = "", ...lines] = readFileSync(`${FOLDER}/${file}`, "utf8").trim().split("\n");
  const views = lines.map((line) => JSON.parse(line) as RunEventView);
  const events = views.map((view) => ({ ...view, at: Date.parse(view.at) }) as unknown as RunEvent);
  return { run: (JSON.parse(header) as { run: Run }).run, events };
}

function shown(state: RunState): object {
  const { status, input, output, error, cause, seq, redrives, startedAt, stoppedAt } = state;
  const at = { startedAt: new Date(startedAt).toISOString(), stoppedAt: new Date(stoppedAt ?? 0).toISOString() };
  const end = { ...(output !== undefined && { output }), ...(error !== undefined && { error, cause }) };
  return { status, input, ...end, seq, redrives, ...at, progress: progress(state), waitingFor: waitingFor(state) };
}

it("there are histories", () => {
  expect(FILES.length).toBeGreaterThanOrEqual(5);
});

describe.each(FILES)("the history %s", (file) => {
  it("replays to the run that was stored with it", () => {
    const { run, events } = history(file);
    const { id: _id, workflow: _workflow, version: _version, name: _name, traceId: _traceId, ...stored } = run;
    expect(shown(replay(events))).toEqual(stored);
  });

  it("replays to the same from a snapshot taken anywhere since the last rewind", () => {
    const { events } = history(file);
    const whole = replay(events);
    const rewind = events.findLast((event) => event.type === "RunRewound")?.seq ?? 0;
    for (let seq = Math.max(1, rewind); seq < events.length; seq++) {
      const snapshot = JSON.parse(JSON.stringify(replay(events.slice(0, seq)))) as RunState;
      expect(replay(events.slice(seq), snapshot), `from ${seq}`).toEqual(whole);
    }
  });

  it("numbers its events from 1 without gaps", () => {
    const { run, events } = history(file);
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: run.seq }, (_, i) => i + 1));
  });
});
