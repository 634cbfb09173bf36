import { asProblem } from "../../domain/kernel/problem.ts";
import type { ChatCompletion, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import {
  answerFaults,
  answerSchema,
  guardedCompletion,
  repairRequest,
  withheld,
  wordsOf,
} from "../../domain/llm/guarded-completion.ts";
import { heldCharacters, isBlocked, isOn } from "../../domain/llm/guardrail-judge.ts";
import { type StreamGuard, streamGuard } from "../../domain/llm/guardrail-stream.ts";
import type { ServiceContext } from "../context.ts";
import type { ChatCall } from "./chat-call.ts";
import { isHeldBack } from "./guard-by-model.ts";
import { noteFindings } from "./guard-decisions.ts";

/** An answer together with what is known of who gave it. */
interface Given {
  completion: ChatCompletion;
}

/**
 * The answer as the guardrails of its route let it go on. One that misses its JSON Schema is asked for once more, with `ask`;
 * the caller has put the first on the bill by then, and puts the second there, too.
 */
export async function guardOutput<T extends Given>(
  ctx: ServiceContext,
  call: ChatCall,
  given: T,
  ask: (request: ChatCompletionRequest) => Promise<T>,
): Promise<T> {
  const { guardrails, name } = call.route;
  if (guardrails.length === 0) return given;
  const shaped = await inShape(ctx, call, given, ask);
  const { completion, judgement } = guardedCompletion(shaped.completion, guardrails);
  noteFindings(ctx, name, "output", judgement.findings);
  if (isBlocked(judgement)) return { ...shaped, completion };
  const words = completion.choices.flatMap(({ message }) => wordsOf(message).map(([, text]) => text));
  const isWithheld = await isHeldBack(ctx, call.route, "output", words.join("\n\n").trim(), call.options);
  return { ...shaped, completion: isWithheld ? withheld(completion) : completion };
}

async function inShape<T extends Given>(
  ctx: ServiceContext,
  { request, route }: ChatCall,
  given: T,
  ask: (request: ChatCompletionRequest) => Promise<T>,
): Promise<T> {
  const wanted = answerSchema(request, route.guardrails);
  if (wanted === null) return given;
  const { schema, guardrail } = wanted;
  const faultsOf = ({ completion }: T) =>
    answerFaults(completion, (value) => ctx.ports.schemaJudge.faults(schema, value));
  const note = (action: "block" | "flag" | "repair", count: number) =>
    noteFindings(ctx, route.name, "output", [{ guardrail: "json-schema", action, found: { faults: count } }]);
  let shaped = given;
  let [fault] = faultsOf(given);
  if (fault !== undefined && guardrail.repair) {
    note("repair", fault.faults.length);
    shaped = await ask(repairRequest(request, fault, schema)).catch(unmended(given));
    [fault] = faultsOf(shaped);
  }
  if (fault === undefined) return shaped;
  note(guardrail.action, fault.faults.length);
  return guardrail.action === "block" ? { ...shaped, completion: withheld(shaped.completion) } : shaped;
}

/** A model that does not answer again leaves its first answer as it is. */
function unmended<T>(given: T): (failure: unknown) => T {
  return (failure) => {
    if (asProblem(failure) === null) throw failure;
    return given;
  };
}

/** Whether an answer can be judged only when all of it is there, so that it cannot be streamed as it comes. */
export function needsWholeAnswer({ request, route }: ChatCall): boolean {
  const isModerated = route.guardrails.some(
    (guardrail) => guardrail.type === "moderation" && isOn(guardrail.on, "output"),
  );
  return isModerated || answerSchema(request, route.guardrails) !== null;
}

export interface GuardedStream {
  stream: ReadableStream<Uint8Array>;
  /** To be called once, when the stream is over, however it ended; `null` where nothing looks at it. */
  noteFindings: (() => void) | null;
}

/** The provider's stream with its text guarded; untouched when nothing looks at the text of answers. */
export function guardedStream(
  ctx: ServiceContext,
  { route }: ChatCall,
  upstream: ReadableStream<Uint8Array>,
): GuardedStream {
  if (heldCharacters(route.guardrails) === 0) return { stream: upstream, noteFindings: null };
  const guard = streamGuard(route.guardrails);
  return {
    stream: upstream.pipeThrough(guarding(guard)),
    noteFindings: () => noteFindings(ctx, route.name, "output", guard.findings()),
  };
}

function guarding(guard: StreamGuard): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const send = (controller: TransformStreamDefaultController<Uint8Array>, text: string) => {
    if (text !== "") controller.enqueue(encoder.encode(text));
  };
  return new TransformStream({
    transform(bytes, controller) {
      send(controller, guard.push(decoder.decode(bytes, { stream: true })));
    },
    flush(controller) {
      send(controller, guard.push(`${decoder.decode()}\n\n`) + guard.end());
    },
  });
}
