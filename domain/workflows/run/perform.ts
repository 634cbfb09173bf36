import { queueReady } from "./advance.ts";
import { answerMapRun, updateMapRun } from "./answer-map-run.ts";
import { answerTask, decideReview } from "./answer-task.ts";
import type { Refusal, RunCommand } from "./command.ts";
import { pause, redrive, resume, rewind, startRun, stop } from "./control.ts";
import { ring } from "./ring.ts";
import { isEnded } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Journals a command and queues the scopes it wakes; or says why it cannot be. */
export async function perform(turn: Turn, command: RunCommand): Promise<Refusal | null> {
  const { state } = turn;
  if (command.type === "StartRun") return startRun(turn, command);
  if (state.seq === 0) return "not-started";
  if (command.type === "Redrive") return redrive(turn);
  if (command.type === "Rewind") return rewind(turn, command.toSeq, command.restored);
  if (isEnded(state)) return command.type === "DecideReview" ? "unknown-review" : "already-ended";
  switch (command.type) {
    case "Continue":
      if (state.status === "running") queueReady(turn);
      return null;
    case "TaskStarted":
    case "TaskSubmitted":
    case "TaskSucceeded":
    case "TaskFailed":
    case "TaskHeartbeat":
      return answerTask(turn, command);
    case "DecideReview":
      return decideReview(turn, command);
    case "TimersDue":
      return await ring(turn);
    case "Pause":
      return pause(turn, command.reason);
    case "Resume":
      return resume(turn, command.reason);
    case "Stop":
      return stop(turn, command);
    case "UpdateMapRun":
      return await updateMapRun(turn, command);
    case "ItemsRead":
    case "ItemsReadFailed":
    case "ChildrenFinished":
    case "ResultFileWritten":
    case "ResultsWritten":
    case "ResultsWriteFailed":
      return await answerMapRun(turn, command);
    default:
      return command satisfies never;
  }
}
