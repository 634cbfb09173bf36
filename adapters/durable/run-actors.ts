import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { RunActor, RunActors } from "../../services/workflows/ports.ts";

type Stub = Omit<RunActor, "stream"> & { fetch(url: string): Promise<Response> };

/** Runs as Durable Objects, named by tenant and run, so that no id leads into another tenant. */
export function durableRunActors(namespace: DurableObjectNamespace): RunActors {
  return {
    of(tenantId, runId) {
      // A stub is dead after its object was reset; a fresh one a call costs nothing.
      const stub = () => namespace.get(namespace.idFromName(`${tenantId}:${runId}`)) as unknown as Stub;
      return {
        start: (request, waitSeconds) => answered(() => stub().start(request, waitSeconds)),
        get: () => answered(() => stub().get()),
        wait: (seconds) => answered(() => stub().wait(seconds)),
        command: (command, act) => answered(() => stub().command(command, act)),
        decideReview: (answer, act) => answered(() => stub().decideReview(answer, act)),
        review: (id) => answered(() => stub().review(id)),
        answerTask: (answer) => answered(() => stub().answerTask(answer)),
        startActivity: (token, workerName) => answered(() => stub().startActivity(token, workerName)),
        childEnded: (key, run) => answered(() => stub().childEnded(key, run)),
        slotGranted: () => answered(() => stub().slotGranted()),
        callOff: (parentRunId) => answered(() => stub().callOff(parentRunId)),
        events: (page) => answered(() => stub().events(page)),
        checkpoints: () => answered(() => stub().checkpoints()),
        projection: () => answered(() => stub().projection()),
        archive: () => answered(() => stub().archive()),
        acknowledge: (seq, act) => answered(() => stub().acknowledge(seq, act)),
        async stream(after) {
          const response = await stub().fetch(`http://run/?after=${after}`);
          if (response.status === 404) throw problem("not-found", { detail: "No such run." });
          // Another object's answer has immutable headers; ours are added on the way out.
          return new Response(response.body, response);
        },
      };
    },
  };
}

/** Brings a problem over the border, and turns an object that is overloaded or being moved into `unavailable`. */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const known = asProblem(error);
    if (known !== null) throw known;
    const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
    if (retryable === true || overloaded === true) throw problem("unavailable", { cause: error });
    throw error;
  }
}
