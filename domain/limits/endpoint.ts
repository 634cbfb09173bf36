import type { QuotaName, RateName } from "./limit.ts";

/** The kind of call that has a rate of its own. */
export type EndpointClass = Exclude<RateName, "requests" | "requests-per-principal">;

/** What admitting a call takes: a token of its class, and of a quota the cost that is known before: 0 asks only that some is left. */
export interface Endpoint {
  class: EndpointClass;
  quota: { name: QuotaName; cost: 0 | 1 } | null;
}

export interface DescribedOperation {
  method: string;
  path: string;
  id: string;
  /** A permission, or `signed-in`. */
  access: string;
}

const RUN_STARTS = ["startRun", "redriveRun"];
const COUNTED: Readonly<Record<string, QuotaName>> = { startRun: "runs", addDocument: "documents" };

export function endpointOf({ method, path, id, access }: DescribedOperation): Endpoint {
  const endpointClass = classOf(method, path, id, access);
  const counted = COUNTED[id];
  if (counted !== undefined) return { class: endpointClass, quota: { name: counted, cost: 1 } };
  // What a call to a model used is known when it ends.
  return { class: endpointClass, quota: endpointClass === "model-calls" ? { name: "llm-tokens", cost: 0 } : null };
}

function classOf(method: string, path: string, id: string, access: string): EndpointClass {
  if (access.startsWith("billing:")) return "billing";
  if (access === "llm:write" && method === "post") return "model-calls";
  if (RUN_STARTS.includes(id)) return "run-starts";
  // An export reads; it is a POST because it leaves a job behind.
  if (method === "get" || access.endsWith(":read") || path.endsWith("/export")) return "reads";
  return path.startsWith("/v1/auth/") || path.startsWith("/v1/me") ? "account" : "writes";
}

/** Who is suspended may look, take the data out, sign out and pay. */
export function isOpenWhileSuspended(endpoint: EndpointClass): boolean {
  return endpoint === "reads" || endpoint === "account" || endpoint === "billing";
}

/** While the gate does not answer: what signs in or costs money waits for it, the rest goes on behind the shield of addresses. */
export function failsOpen(endpoint: EndpointClass): boolean {
  return endpoint === "reads" || endpoint === "writes";
}
