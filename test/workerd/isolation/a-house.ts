import type { Operation } from "../../../workers/http/operation.ts";
import { eventually } from "../../support/a-run.ts";
import { anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { asOperator } from "../../support/operator.ts";

/** One of everything that a tenant can have, by the parameter of the path that names it. */
export interface House {
  owner: TestMember;
  /** Stands in every text of this tenant, so that a leak is seen in whatever answer it lies. */
  marker: string;
  /** `/v1/runs/{id}` -> an id. */
  things: ReadonlyMap<string, string>;
}

const REVIEW = {
  StartAt: "Ask",
  States: { Ask: { Type: "Task", Resource: "weft:review:request", Arguments: { title: "Ask" }, End: true } },
};

export async function aHouse(name: string): Promise<House> {
  const marker = `marker-of-${name}`;
  const owner = await aTenant(`Tenant ${marker}`);
  await asOperator(`/tenants/${owner.tenantId}/plan`, {
    method: "PUT",
    body: { plan: "enterprise", reason: "a test" },
  });
  const make = async (path: string, body: object, method = "POST") => {
    const answer = await owner.call(path, { method, body });
    if (answer.status > 202) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const workflow = `flow-${name}`;
  await make(
    `/v1/workflows/${workflow}`,
    { definition: { ...REVIEW, QueryLanguage: "JSONata" }, description: marker },
    "PUT",
  );
  await make(`/v1/workflows/${workflow}/aliases/live-${name}`, { routes: [{ version: 1, weight: 100 }] }, "PUT");
  const run = await make(`/v1/workflows/${workflow}/runs`, { input: { marker } });
  const waiting = await eventually(
    async () => (await owner.call(`/v1/runs/${run.id}`)).body,
    (body) => body.waitingFor?.length > 0,
  );
  const base = await make("/v1/knowledge-bases", { name: `Base ${marker}` });
  const document = await make(`/v1/knowledge-bases/${base.id}/documents`, {
    title: marker,
    text: `Text of ${marker}.`,
  });
  const invitation = await make("/v1/invitations", { email: `${marker}@example.com`, role: "viewer" });
  const schedule = await make("/v1/schedules", { workflow, cron: "0 0 1 1 *", input: { marker } });
  const trigger = await make("/v1/triggers", { workflow, eventType: "some.thing", name: marker });
  await make(`/v1/functions/call-${name}`, { url: `https://example.com/${marker}` }, "PUT");
  await make(
    `/v1/providers/models-${name}`,
    { kind: "openai-compatible", baseUrl: `https://example.com/${marker}`, apiKey: "sk-test-0000" },
    "PUT",
  );
  await make(
    `/v1/model-routes/route-${name}`,
    { strategy: "fallback", targets: [{ model: "local/extractive" }] },
    "PUT",
  );
  await make(`/v1/buckets/bucket-${name}/objects/file-${name}`, { marker }, "PUT");
  const experiment = await make("/v1/experiments", {
    ...{ name: `Trial ${marker}`, route: `route-${name}` },
    variants: ["one", "two"].map((variant) => ({ name: variant, model: "local/extractive" })),
  });
  const { id: keyId } = await anApiKey(owner, ["runs:read"]);
  await make(`/v1/budgets/key:${keyId}`, { usdMicrosPerMonth: 1 }, "PUT");
  const [job] = (await owner.call("/v1/jobs")).body.data;
  const copy = await make("/v1/tenant/export", {});
  const things = new Map(
    Object.entries({
      "/v1/operator/tenants/{id}": owner.tenantId,
      "/v1/operator/users/{id}": owner.userId,
      "/v1/auth/sessions/{id}": owner.sessionId,
      "/v1/members/{userId}": owner.userId,
      "/v1/invitations/{id}": invitation.id,
      "/v1/api-keys/{id}": keyId,
      "/v1/buckets/{bucket}": `bucket-${name}`,
      "/v1/buckets/{bucket}/objects/{key}": `file-${name}`,
      "/v1/experiments/{id}": experiment.id,
      "/v1/budgets/{name}": `key:${keyId}`,
      "/v1/knowledge-bases/{id}": base.id,
      "/v1/knowledge-bases/{id}/documents/{documentId}": document.id,
      "/v1/workflows/{name}": workflow,
      "/v1/workflows/{name}/aliases/{alias}": `live-${name}`,
      "/v1/runs/{id}": run.id,
      "/v1/reviews/{id}": waiting.waitingFor[0].reviewId,
      "/v1/functions/{name}": `call-${name}`,
      "/v1/schedules/{id}": schedule.id,
      "/v1/triggers/{id}": trigger.id,
      "/v1/jobs/{id}": job.id,
      "/v1/tenant/exports/{id}": copy.id,
      "/v1/providers/{name}": `models-${name}`,
      "/v1/model-routes/{name}": `route-${name}`,
      "/v1/models/{id}": `route-${name}`,
    }),
  );
  return { owner, marker, things };
}

/** Waits until nothing is under way in the house: from here on, whatever changes was changed by somebody. */
export async function settled({ owner, things }: House): Promise<void> {
  const base = things.get("/v1/knowledge-bases/{id}");
  const isDone = async () => {
    const [runs, reviews, documents, jobs] = await Promise.all(
      ["/v1/runs", "/v1/reviews", `/v1/knowledge-bases/${base}/documents`, "/v1/jobs"].map((path) => owner.call(path)),
    );
    const isIdle = jobs?.body.data.every(({ status }: { status: string }) => status === "succeeded");
    const isIndexed = documents?.body.data.every(({ status }: { status: string }) => status === "indexed");
    return isIdle && isIndexed && runs?.body.data.length > 0 && reviews?.body.data.length > 0;
  };
  await eventually(isDone, (done) => done === true);
}

/** Parameters that count something instead of naming it. */
const NUMBERS: Record<string, string> = {
  "/v1/workflows/{name}/versions/{version}": "1",
  "/v1/model-routes/{name}/versions/{version}": "1",
};

/** The parameters of an operation's path, each with the path that ends in it. */
export function slotsOf(operation: Pick<Operation, "path">): { name: string; key: string; fixed: string | null }[] {
  const path = plainPath(operation.path);
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => {
    const key = path.slice(0, match.index + match[0].length);
    return { name: match[1] ?? "", key, fixed: NUMBERS[key] ?? null };
  });
}

export function pathWith(operation: Pick<Operation, "path">, values: Record<string, string>): string {
  return plainPath(operation.path).replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(values[name] ?? ""),
  );
}

/** Without the pattern that a parameter may carry. */
function plainPath(path: string): string {
  return path.replaceAll(/\{[^\w}][^}]*\}/g, "");
}

/** Bodies that pass the schema, so that an operation reaches the resource that its path or body names. */
export const BODIES: Record<string, (house: House) => object> = {
  updateMe: () => ({ name: "Somebody" }),
  switchTenant: ({ owner }) => ({ tenantId: owner.tenantId }),
  changeMemberRole: () => ({ role: "viewer" }),
  rotateApiKey: () => ({ overlapSeconds: 0 }),
  updateKnowledgeBase: () => ({ description: "changed" }),
  addDocument: () => ({ title: "A", text: "Text." }),
  putBudget: () => ({ usdMicrosPerMonth: 1 }),
  putObject: () => ({}),
  updateExperiment: () => ({ status: "stopped" }),
  evaluateKnowledge: () => ({ queries: [{ id: "q", text: "text", relevant: { somewhere: 1 } }] }),
  searchKnowledge: () => ({ query: "text" }),
  answerQuestion: () => ({ question: "What text?" }),
  putWorkflow: () => ({ definition: { StartAt: "A", States: { A: { Type: "Succeed" } } } }),
  putWorkflowAlias: () => ({ routes: [{ version: 1, weight: 100 }] }),
  startRun: () => ({}),
  pauseRun: () => ({}),
  resumeRun: () => ({}),
  stopRun: () => ({}),
  redriveRun: () => ({}),
  rewindRun: () => ({ toSeq: 1 }),
  decideReview: () => ({ decision: "approve" }),
  putFunction: () => ({ url: "https://example.com/" }),
  createSchedule: ({ things }) => ({ workflow: things.get("/v1/workflows/{name}"), cron: "0 0 1 1 *" }),
  updateSchedule: () => ({ enabled: false }),
  createTrigger: ({ things }) => ({ workflow: things.get("/v1/workflows/{name}"), eventType: "some.thing" }),
  updateTrigger: () => ({ enabled: false }),
  putProvider: () => ({ kind: "local" }),
  rollBackModelRoute: () => ({ version: 1 }),
  putModelRoute: () => ({ strategy: "fallback", targets: [{ model: "local/extractive" }] }),
  createChatCompletion: ({ things }) => ({
    model: things.get("/v1/model-routes/{name}"),
    messages: [{ role: "user", content: "Hello" }],
  }),
  createEmbeddings: ({ things }) => ({ model: `${things.get("/v1/providers/{name}")}/embed`, input: "Hello" }),
};

/** Operations whose body names something of the tenant. */
export const BODY_NAMES: readonly string[] = [
  "switchTenant",
  "createSchedule",
  "createTrigger",
  "createChatCompletion",
  "createEmbeddings",
];
