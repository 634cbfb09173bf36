import * as z from "zod";
import { sha256Hex } from "../kernel/digest.ts";
import { canonicalJson, type Json } from "../kernel/json.ts";
import { ChatCompletion, type ChatCompletionRequest, type ChatMessage, messageText } from "./chat-completion.ts";
import { marksOf, tellingWords } from "./likeness.ts";

// Which requests are answered by what was answered before.
//   A1  Equal is equal in every member that a model sees. Members that only steer the transport or name the caller do not count.
//   A2  Similar is equal in everything but the last question: model, tools, system prompt, earlier turns and settings.
//   A3  Similar questions are alike in their words, too (likeness.ts): vectors hardly tell "may" from "may not" or 12 from 13.
//   A4  Only whole answers are kept: no errors, none that was cut or filtered, and tool calls only where the route asks for it.

export const CacheMode = z.enum(["off", "exact", "semantic"]);
export type CacheMode = z.infer<typeof CacheMode>;

export const RouteCache = z
  .strictObject({
    mode: CacheMode,
    ttlSeconds: z.int().min(1).max(2_592_000).default(3_600),
    threshold: z
      .number()
      .min(0.5)
      .max(1)
      .optional()
      .describe(
        "Least similarity of a question that shares an answer, with the mode `semantic`; 0.95 where absent. Each tenth below 1 lets a telling word differ.",
      ),
    toolCalls: z.boolean().optional().describe("Keep answers that call tools, too."),
  })
  .meta({ id: "ModelRouteCache", example: { mode: "exact", ttlSeconds: 3_600 } });
export type RouteCache = z.infer<typeof RouteCache>;

export const DEFAULT_THRESHOLD = 0.95;

/** What a client may say of one request: neither take nor keep, or keep without taking. */
export const CacheControl = z.enum(["no-store", "no-cache"]);
export type CacheControl = z.infer<typeof CacheControl>;

/** How an answer came about: `bypass` where the cache had no part in it. */
export type CacheOutcome = "hit" | "semantic" | "miss" | "bypass";

export const CachedAnswer = z.object({
  completion: ChatCompletion,
  provider: z.string(),
  model: z.string(),
  /** What it cost when it was made, and what each further use saves. */
  costUsdMicros: z.int(),
});
export type CachedAnswer = z.infer<typeof CachedAnswer>;

/** They do not reach the model, or do not change what it says. */
const UNSEEN = new Set([
  "stream",
  "stream_options",
  "user",
  "metadata",
  "store",
  "safety_identifier",
  "prompt_cache_key",
  "service_tier",
]);

/** Digest of what the model would see. `scope` sets apart what must never share an answer. */
export function cacheKey(scope: string, request: ChatCompletionRequest): string {
  return sha256Hex(canonicalJson([scope, seen(request)]));
}

export interface SimilarityQuestion {
  scope: string;
  text: string;
  marks: string;
  words: string[];
}

/** What is longer is no question but a document. */
const MAX_QUESTION = 10_000;

/** The part of a request that may be similar rather than equal; `null` for one that does not end in a question of plain text. */
export function similarityQuestion(scope: string, request: ChatCompletionRequest): SimilarityQuestion | null {
  const last = request.messages.at(-1);
  if (last === undefined || last.role !== "user" || !isPlainText(last)) return null;
  const text = messageText(last);
  if (text.trim() === "" || text.length > MAX_QUESTION) return null;
  const others = seen({ ...request, messages: request.messages.slice(0, -1) });
  return { scope: sha256Hex(canonicalJson([scope, others])), text, marks: marksOf(text), words: tellingWords(text) };
}

export function isKeepable(completion: ChatCompletion, { toolCalls = false }: Pick<RouteCache, "toolCalls">): boolean {
  return (
    completion.choices.length > 0 &&
    completion.choices.every(
      ({ finish_reason, message }) =>
        (finish_reason === "stop" && (toolCalls || !message.tool_calls?.length)) ||
        (toolCalls && finish_reason === "tool_calls"),
    )
  );
}

function isPlainText({ content }: ChatMessage): boolean {
  return typeof content === "string" || (content ?? []).every(({ type }) => type === "text");
}

/** A parsed request is JSON; members that verbs leave undefined are dropped. */
function seen(request: ChatCompletionRequest): Json {
  const members = Object.entries(request).filter(([name, value]) => !UNSEEN.has(name) && value !== undefined);
  return Object.fromEntries(members) as Json;
}
