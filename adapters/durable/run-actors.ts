import { asProblem, problem } from "../../domain/kernel/problem.ts";
import { placeOf } from "../../domain/workflows/run-place.ts";
import type {
  ProjectedMark,
  RunActors,
  RunMethods,
  StartedChild,
  StartRunRequest,
} from "../../services/workflows/ports.ts";

type Method = keyof RunMethods;
type Answer<M extends Method> = Awaited<ReturnType<RunMethods[M]>>;

interface Stub {
  call<M extends Method>(run: number, method: M, args: Parameters<RunMethods[M]>): Promise<Answer<M>>;
  startChildren(requests: readonly StartRunRequest[]): Promise<StartedChild[]>;
  endedChildren(runIds: readonly string[]): Promise<StartedChild[]>;
  callOff(parentRunId: string, runs: readonly number[]): Promise<void>;
  acknowledge(marks: readonly ProjectedMark[]): Promise<void>;
  fetch(url: string): Promise<Response>;
}

/** Runs as Durable Objects, named by tenant and run, so that no id leads into another tenant. */
export function durableRunActors(namespace: DurableObjectNamespace): RunActors {
  // A stub is dead after its object was reset; a fresh one a call costs nothing.
  const stub = (tenantId: string, object: string) =>
    namespace.get(namespace.idFromName(`${tenantId}:${object}`)) as unknown as Stub;
  const stubOfAll = (tenantId: string, [first = ""]: readonly string[]) => stub(tenantId, placeOf(first).object);
  return {
    of(tenantId, runId) {
      const { object, run } = placeOf(runId);
      const call = <M extends Method>(method: M, ...args: Parameters<RunMethods[M]>) =>
        answered(() => stub(tenantId, object).call(run, method, args));
      return {
        start: (request, waitSeconds) => call("start", request, waitSeconds),
        get: () => call("get"),
        wait: (seconds) => call("wait", seconds),
        command: (command, act) => call("command", command, act),
        decideReview: (answer, act) => call("decideReview", answer, act),
        review: (id) => call("review", id),
        answerTask: (answer) => call("answerTask", answer),
        startActivity: (token, workerName) => call("startActivity", token, workerName),
        childrenEnded: (ends) => call("childrenEnded", ends),
        slotGranted: () => call("slotGranted"),
        events: (page) => call("events", page),
        checkpoints: () => call("checkpoints"),
        projection: () => call("projection"),
        archive: () => call("archive"),
        async stream(after) {
          const response = await stub(tenantId, object).fetch(`http://run/?run=${run}&after=${after}`);
          if (response.status === 404) throw problem("not-found", { detail: "No such run." });
          // Another object's answer has immutable headers; ours are added on the way out.
          return new Response(response.body, response);
        },
      };
    },
    startChildren: (tenantId, requests) =>
      answered(() =>
        stubOfAll(
          tenantId,
          requests.map(({ runId }) => runId),
        ).startChildren(requests),
      ),
    endedChildren: (tenantId, runIds) => answered(() => stubOfAll(tenantId, runIds).endedChildren(runIds)),
    callOff: (tenantId, parentRunId, runIds) => {
      const runs = runIds.map((runId) => placeOf(runId).run);
      return answered(() => stubOfAll(tenantId, runIds).callOff(parentRunId, runs));
    },
    async acknowledge(tenantId, marks) {
      const byObject = Map.groupBy(marks, ({ runId }) => placeOf(runId).object);
      await Promise.all(
        [...byObject].map(([object, some]) => answered(() => stub(tenantId, object).acknowledge(some))),
      );
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
