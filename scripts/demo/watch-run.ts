import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import type { Review } from "../../domain/workflows/review.ts";
import type { RunEventView } from "../../domain/workflows/run-view.ts";
import { type Api, Refused } from "./api.ts";
import { openLine, timelineLine, unwrapped } from "./layout.ts";
import { type Outage, patiently } from "./outage.ts";
import { type Draft, draftReport, type Sources } from "./report.ts";
import { runEvents } from "./run-events.ts";
import type { Terminal } from "./terminal.ts";
import { advance, newTimeline, type Timeline } from "./timeline.ts";

export interface Watch {
  api: Api;
  runId: string;
  terminal: Terminal;
  outage: Outage;
  isApproved: boolean;
  sources: Sources;
  /** The API as the person who decides. */
  signIn(): Promise<Api>;
}

const REVIEW_POLL_MS = 1_000;

/** Shows the run as it goes, puts its reviews before the person at the keyboard, and returns when it has ended. */
export async function watchRun(watch: Watch): Promise<void> {
  const { terminal } = watch;
  const timeline = newTimeline();
  for await (const event of runEvents(watch.api, watch.runId, watch.outage)) {
    // Drawn anew while it is open, a state needs no line for being entered.
    const lines = advance(timeline, event).filter(({ kind }) => kind !== "entered" || !terminal.isLive);
    terminal.write(lines.map(timelineLine));
    if (event.type === "ReviewRequested") await review(watch, event);
    terminal.live(openStates(timeline));
  }
  terminal.live(null);
}

function openStates(timeline: Timeline): ((frame: string) => string) | null {
  const newest = [...timeline.open.values()].at(-1);
  const { startedAt } = timeline;
  if (newest === undefined || startedAt === null) return null;
  return (frame) => openLine(frame, newest.state, newest.since - startedAt, Math.max(0, Date.now() - newest.since));
}

async function review(watch: Watch, event: RunEventView): Promise<void> {
  const { terminal, api, outage } = watch;
  const id = String(event.reviewId);
  terminal.live(null);
  // After a reconnection the history is told again from where it broke off: the review may be long decided.
  const { status, payload } = await patiently(outage, () => api.get<Review>(`/v1/reviews/${id}`));
  if (status !== "pending") return;
  terminal.write(draftReport(draftIn(payload), watch.sources, terminal.width));
  const isApproved = watch.isApproved || (await askUntilDecided(watch, id));
  if (isApproved === null) return;
  await decide(watch, id, isApproved ? "approve" : "reject");
}

/** Null when nobody answered here: the decision was made elsewhere, or is still to be made there. */
async function askUntilDecided({ api, terminal }: Watch, id: string): Promise<boolean | null> {
  const question = new AbortController();
  const elsewhere = watchDecision(api, id, question);
  const answer = await terminal.ask(`  ${styleText("bold", "Approve this answer?")} [y/n] `, question.signal);
  const isDecided = question.signal.aborted;
  question.abort();
  await elsewhere;
  if (answer === null && !isDecided) {
    const way = `POST ${api.url}/v1/reviews/${id}/decision {"decision": "approve"}`;
    terminal.write(unwrapped("Waiting", `for a decision: ${way}`));
  }
  return answer;
}

/** Ends the question as soon as someone else has decided. */
async function watchDecision(api: Api, id: string, question: AbortController): Promise<void> {
  while (!question.signal.aborted) {
    const status = await api.get<Review>(`/v1/reviews/${id}`).then(
      (review) => review.status,
      // Whether the server is there shows when the answer is sent.
      () => "pending",
    );
    if (status !== "pending") question.abort();
    await sleep(REVIEW_POLL_MS, null, { signal: question.signal }).catch(() => {});
  }
}

async function decide(watch: Watch, id: string, decision: "approve" | "reject"): Promise<void> {
  const person = await watch.signIn();
  try {
    await patiently(watch.outage, () => person.send("POST", `/v1/reviews/${id}/decision`, { decision }));
  } catch (error) {
    // Also what the repetition of a decision meets whose answer was lost.
    if (!(error instanceof Refused) || error.code !== "review-decided") throw error;
  }
}

/** The payload that answer-with-approval gives to its reviews. */
function draftIn(payload: Review["payload"]): Draft {
  return payload as unknown as Draft;
}
