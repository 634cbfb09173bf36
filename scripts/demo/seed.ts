// The demo tenant: a person, a handbook and the sample workflows, put up through the public API as any client would.
//   D1  Only a server on this machine is seeded.
//   D2  Every step can be repeated: a start that was killed in the middle is completed by the next.

import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { KnowledgeDocument } from "../../domain/knowledge/document.ts";
import type { KnowledgeBase } from "../../domain/knowledge/knowledge-base.ts";
import { type Api, connect, Refused } from "./api.ts";
import { type Credentials, readCredentials, writeCredentials } from "./credentials.ts";

export const DEMO_WORKFLOW = "answer-with-approval";
export const HANDBOOK = path.join(import.meta.dirname, "../../examples/handbook");
const WORKFLOWS = path.join(import.meta.dirname, "../../examples/workflows");
const DEMO = { email: "demo@weft.local", name: "Demo", tenantName: "Linden Optics" };
const KNOWLEDGE_BASE = "Linden Optics handbook";
const LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"];
/** Longer than any list that the demo makes. */
const PAGE = 100;

export interface Seeded extends Required<Credentials> {
  /** Whether this call had anything left to do. */
  isNew: boolean;
}

/** Sets up the demo tenant, or what is missing of it, and keeps its credentials in the state folder. */
export async function seedDemo(url: string, state: string): Promise<Seeded> {
  if (!isLocal(url)) throw new Error(`${url} is not on this machine, and the demo tenant is for this machine alone.`);
  const known = readCredentials(state);
  if (known !== null && isComplete(known) && (await isAccepted(url, known))) return { ...known, isNew: false };

  const credentials = known ?? { email: DEMO.email, password: randomBytes(18).toString("base64url") };
  // Before anything is registered with it, so that a password is never lost.
  writeCredentials(state, credentials);
  const { accessToken, tenantId } = await signIn(connect(url), credentials);
  const api = connect(url, accessToken);
  const knowledgeBaseId = await putKnowledgeBase(api);
  await putHandbook(api, knowledgeBaseId);
  await putWorkflows(api);
  const { key: apiKey } = await api.send<{ key: string }>("POST", "/v1/api-keys", { name: "demo", scopes: ["*"] });
  const complete = { ...credentials, tenantId, apiKey, knowledgeBaseId, workflow: DEMO_WORKFLOW };
  writeCredentials(state, complete);
  return { ...complete, isNew: true };
}

export interface Session {
  accessToken: string;
  tenantId: string;
  userId: string;
}

export async function logIn(api: Api, { email, password }: Credentials): Promise<Session> {
  return sessionOf(await api.send<SignedIn>("POST", "/v1/auth/login", { email, password }));
}

export async function listDocuments(api: Api, knowledgeBaseId: string): Promise<KnowledgeDocument[]> {
  const path = `/v1/knowledge-bases/${knowledgeBaseId}/documents?limit=${PAGE}`;
  return (await api.get<{ data: KnowledgeDocument[] }>(path)).data;
}

interface SignedIn {
  accessToken: string;
  tenant: { id: string };
  user: { id: string };
}

function sessionOf({ accessToken, tenant, user }: SignedIn): Session {
  return { accessToken, tenantId: tenant.id, userId: user.id };
}

function isLocal(url: string): boolean {
  return LOCAL_HOSTS.includes(new URL(url).hostname);
}

function isComplete(credentials: Credentials): credentials is Required<Credentials> {
  return credentials.apiKey !== undefined && credentials.knowledgeBaseId !== undefined;
}

async function isAccepted(url: string, { apiKey, knowledgeBaseId }: Required<Credentials>): Promise<boolean> {
  try {
    await connect(url, apiKey).get(`/v1/knowledge-bases/${knowledgeBaseId}`);
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

async function signIn(api: Api, credentials: Credentials): Promise<Session> {
  const { email, password } = credentials;
  try {
    const { name, tenantName } = DEMO;
    return sessionOf(await api.send<SignedIn>("POST", "/v1/auth/register", { email, password, name, tenantName }));
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "email-taken") throw error;
    return logIn(api, credentials);
  }
}

async function putKnowledgeBase(api: Api): Promise<string> {
  const { data } = await api.get<{ data: KnowledgeBase[] }>(`/v1/knowledge-bases?limit=${PAGE}`);
  const known = data.find(({ name }) => name === KNOWLEDGE_BASE);
  const body = { name: KNOWLEDGE_BASE };
  return (known ?? (await api.send<KnowledgeBase>("POST", "/v1/knowledge-bases", body))).id;
}

async function putHandbook(api: Api, knowledgeBaseId: string): Promise<void> {
  const documents = await listDocuments(api, knowledgeBaseId);
  const kept = new Set(documents.filter(({ status }) => status !== "failed").map(({ externalId }) => externalId));
  const missing = readdirSync(HANDBOOK).filter((file) => file.endsWith(".md") && !kept.has(file));
  for (const externalId of missing) {
    const text = readFileSync(path.join(HANDBOOK, externalId), "utf8");
    const title = /^# (.+)$/m.exec(text)?.[1] ?? externalId;
    const body = { title, text, contentType: "text/markdown", externalId };
    await api.send("POST", `/v1/knowledge-bases/${knowledgeBaseId}/documents`, body);
  }
}

async function putWorkflows(api: Api): Promise<void> {
  const suffix = ".asl.json";
  for (const file of readdirSync(WORKFLOWS).filter((name) => name.endsWith(suffix))) {
    const definition: { Comment?: string } = JSON.parse(readFileSync(path.join(WORKFLOWS, file), "utf8"));
    const description = definition.Comment;
    await api.send("PUT", `/v1/workflows/${file.slice(0, -suffix.length)}`, { definition, description });
  }
}
