import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import type { AuditEntry } from "../../domain/audit/entry.ts";
import type { KnowledgeDocument } from "../../domain/knowledge/document.ts";
import type { Run } from "../../domain/workflows/run-view.ts";
import { type Api, connect, Refused } from "./api.ts";
import { credentialsFile } from "./credentials.ts";
import { duration, labelled } from "./layout.ts";
import { MAX_OUTAGE_MS, type Outage, patiently, watchOutage } from "./outage.ts";
import { endReport, linksReport, type Source } from "./report.ts";
import { HANDBOOK, listDocuments, logIn, type Seeded, type Session, seedDemo } from "./seed.ts";
import type { Terminal } from "./terminal.ts";
import { watchRun } from "./watch-run.ts";

// The main job, from documents to an answer that a person approved.
//   J1  It does only what any client could do.
//   J2  A server that is killed and started again in the middle costs time and nothing else.

export interface Journey {
  url: string;
  /** The server's folder of state, which holds the credentials of the demo tenant. */
  state: string;
  terminal: Terminal;
  question: string;
  /** Approve without asking. */
  isApproved: boolean;
}

const POLL_MS = 200;
/** Read models follow the run within a second; beyond this something is wrong and the report goes without. */
const MAX_PROJECTION_MS = 5_000;

/** Answers the exit code. */
export async function runJourney({ url, state, terminal, question, isApproved }: Journey): Promise<number> {
  const { width } = terminal;
  const show = (label: string, text: string) => terminal.write(labelled(label, text, width));
  const warn = (text: string) => terminal.write(labelled("", text, width, (line) => styleText("yellow", line)));
  const outage = watchOutage({
    lost: () => warn(`The server is gone. Waiting up to ${MAX_OUTAGE_MS / 1_000} s for it: npm start brings it back.`),
    back: (ms) => warn(`The server is back after ${duration(ms)}. The run goes on where it stood.`),
  });
  await requireServer(url);
  terminal.write(["", `  ${styleText("bold", "Weft demo")}`, ""]);
  show("Server", url);
  const seeded = await seedDemo(url, state);
  show("Tenant", `Linden Optics, as ${seeded.email}${seeded.isNew ? " (just set up)" : ""}`);

  const api = connect(url, seeded.apiKey);
  const documents = await indexedDocuments(api, seeded.knowledgeBaseId, terminal, outage);
  const chunks = documents.reduce((sum, document) => sum + document.chunks, 0);
  show("Handbook", `${documents.length} documents in ${chunks} chunks, indexed`);
  show("Question", question);

  const run = await startRun(api, seeded, question, outage);
  show("Run", `${run.id} of ${run.workflow}, version ${run.version}`);
  terminal.write("");
  const sources = new Map(documents.map((document) => [document.id, sourceOf(document)]));
  let person: Session | null = null;
  const signIn = async () => {
    person ??= await patiently(outage, () => logIn(connect(url), seeded));
    return connect(url, person.accessToken);
  };
  await watchRun({ api, runId: run.id, terminal, outage, isApproved, sources, signIn });

  const ended = await patiently(outage, () => api.get<Run>(`/v1/runs/${run.id}`));
  const audit = await auditOf(api, run.id, outage);
  const names = await namesOf(api, seeded, person, outage);
  terminal.write(endReport({ run: ended, audit, sources, names }, width));
  terminal.write(linksReport(url, run.id, path.relative(process.cwd(), credentialsFile(state))));
  return ended.status === "succeeded" || ended.error === "Rejected" ? 0 : 1;
}

async function requireServer(url: string): Promise<void> {
  try {
    await connect(url).get("/health");
  } catch (error) {
    if (error instanceof Refused)
      throw new Error(`What answers at ${url} is not Weft. Name the server with PORT or WEFT_URL.`);
    throw error;
  }
}

async function indexedDocuments(
  api: Api,
  knowledgeBaseId: string,
  terminal: Terminal,
  outage: Outage,
): Promise<KnowledgeDocument[]> {
  for (; ; await sleep(POLL_MS)) {
    const documents = await patiently(outage, () => listDocuments(api, knowledgeBaseId));
    const failed = documents.find(({ status }) => status === "failed");
    if (failed !== undefined)
      throw new Error(`${failed.title} could not be indexed: ${failed.error ?? "the log of the server says why"}`);
    const done = documents.filter(({ status }) => status === "indexed").length;
    if (done === documents.length) {
      terminal.live(null);
      return documents;
    }
    terminal.live((frame) => `  ${frame} Indexing the handbook: ${done} of ${documents.length} documents`);
  }
}

/** The name makes it safe to repeat: the same name with equal input answers the same run. */
async function startRun(
  api: Api,
  { workflow, knowledgeBaseId }: Seeded,
  question: string,
  outage: Outage,
): Promise<Run> {
  const body = { name: `demo-${randomUUID()}`, input: { question, knowledgeBaseId } };
  return patiently(outage, () => api.send<Run>("POST", `/v1/workflows/${workflow}/runs`, body));
}

function sourceOf({ title, externalId }: KnowledgeDocument): Source {
  const file = externalId ?? title;
  const place = path.join(HANDBOOK, file);
  return { title, file, text: existsSync(place) ? readFileSync(place, "utf8") : null };
}

/** The audit entries of the run, once those of its end have reached the read model. */
async function auditOf(api: Api, runId: string, outage: Outage): Promise<AuditEntry[]> {
  for (const deadline = Date.now() + MAX_PROJECTION_MS; ; await sleep(POLL_MS)) {
    const { data } = await patiently(outage, () =>
      api.get<{ data: AuditEntry[] }>(`/v1/audit-entries?target=${runId}`),
    );
    const isWhole = data.some(({ action }) => action === "run.started") && data.length > 1;
    if (isWhole || Date.now() > deadline) return data;
  }
}

async function namesOf(api: Api, seeded: Seeded, person: Session | null, outage: Outage): Promise<Map<string, string>> {
  const { data } = await patiently(outage, () => api.get<{ data: { id: string; name: string }[] }>("/v1/api-keys"));
  const names = new Map(data.map(({ id, name }) => [id, `API key “${name}”`]));
  if (person !== null) names.set(person.userId, seeded.email);
  return names;
}
