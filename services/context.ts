import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { Actor } from "../domain/kernel/actor.ts";
import type { Ids } from "../domain/kernel/id.ts";
import type { Permission } from "../domain/kernel/permission.ts";
import { roleAllows, scopesAllow } from "../domain/kernel/permission.ts";
import type { Precondition } from "../domain/kernel/precondition.ts";
import { problem } from "../domain/kernel/problem.ts";
import type { Clock } from "../domain/kernel/time.ts";
import type { TraceContext } from "../domain/kernel/trace.ts";
import type { AuditLogs, AuditWitness } from "./audit/ports.ts";
import type {
  Mailer,
  OpenIdIssuers,
  PasswordHasher,
  PersonKeys,
  SecretDeriver,
  TokenSigner,
} from "./identity/ports.ts";
import type { MessageQueue } from "./jobs/ports.ts";
import type { CrossEncoder, FileStore, KnowledgeIndexes, TextExtractor } from "./knowledge/ports.ts";
import type { AddressShield, TenantBreakers, TenantGates } from "./limits/ports.ts";
import type { AnswerCaches, ChatModels, SchemaJudge, SpendLedgers } from "./llm/ports.ts";
import type { ErrorTracker, Outbound, SecretBox } from "./ports.ts";
import type { ActivityQueues, CronCalendar, RunActors, RunSlots, ScheduleActors } from "./workflows/ports.ts";

export type Database = DrizzleD1Database;

/** Everything outside, one member per port. adapters/compose.ts chooses what stands behind each. */
export interface Ports {
  queue: MessageQueue;
  passwordHasher: PasswordHasher;
  tokenSigner: TokenSigner;
  mailer: Mailer;
  secretBox: SecretBox;
  personKeys: PersonKeys;
  secretDeriver: SecretDeriver;
  outbound: Outbound;
  errorTracker: ErrorTracker;
  openIdIssuers: OpenIdIssuers;
  auditLogs: AuditLogs;
  auditWitness: AuditWitness;
  chatModels: ChatModels;
  modelBreakers: TenantBreakers;
  /** Of what tasks call: functions, other addresses, tools. */
  endpointBreakers: TenantBreakers;
  answerCaches: AnswerCaches;
  spendLedgers: SpendLedgers;
  schemaJudge: SchemaJudge;
  knowledgeIndexes: KnowledgeIndexes;
  files: FileStore;
  textExtractor: TextExtractor;
  /** `null` where no such model is bound. */
  crossEncoder: CrossEncoder | null;
  runActors: RunActors;
  runSlots: RunSlots;
  activityQueues: ActivityQueues;
  scheduleActors: ScheduleActors;
  calendar: CronCalendar;
  tenantGates: TenantGates;
  addressShield: AddressShield;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: one JSON line a record. Values pass a redaction by key and by pattern before they are written. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, error: unknown, fields?: LogFields): void;
  /** Lines of things that happened before, each at its own time: `at`, in milliseconds since 1970. */
  past(event: string, records: readonly PastRecord[]): void;
}

export type PastRecord = LogFields & { readonly at: number };

/** The answers of configuration that verbs may depend on. */
export interface Settings {
  environment: "local" | "staging" | "production";
  /** Where clients reach this platform, without a trailing slash: issuer of tokens, base of links. */
  publicUrl: string;
  /** SHA-256, hexadecimal, of the operator's secret. */
  operatorTokenDigest: string;
  /** What only tests and the bench may use. Never where the platform is deployed. */
  hasTestFixtures: boolean;
  /** How long a deleted account or tenant may come back, before it is erased. */
  erasureAfterMs: number;
}

/** What a verb needs where no tenant is known yet: sign-in, the operator, the clock's ticks. */
export interface PlatformContext {
  requestId: string;
  trace: TraceContext;
  /** What the audit log keeps about the caller's side. */
  client: { ip: string | null; userAgent: string | null };
  db: Database;
  ports: Ports;
  settings: Settings;
  clock: Clock;
  ids: Ids;
  random: { bytes(count: number): Uint8Array<ArrayBuffer>; next(): number };
  log: Log;
  /** Keeps work going after the answer has left; a failure is logged and tracked. `null`: there is nothing to wait for. */
  later(work: Promise<unknown> | null): void;
}

/** What a verb needs: an actor in a tenant. The tenant comes from the credential, never from the request. */
export interface ServiceContext extends PlatformContext {
  tenant: { id: string };
  actor: Actor;
  /** What asks, where it is the task of a run. */
  run?: { id: string; workflow: string; state: string };
  /** What the client demands of the resource that the verb changes: services/preconditions.ts. */
  precondition?: Precondition;
}

/** Refuses unless the actor's role, and for an API key also its scopes, allow it. */
export function requirePermission(ctx: ServiceContext, permission: Permission): void {
  if (!isPermitted(ctx.actor, permission)) {
    throw problem("forbidden", { detail: `This needs the permission ${permission}.`, members: { permission } });
  }
}

export function isPermitted(actor: Actor, permission: Permission): boolean {
  switch (actor.kind) {
    case "user":
      return roleAllows(actor.role, permission);
    case "api-key":
      return roleAllows(actor.role, permission) && scopesAllow(actor.scopes, permission);
    case "system":
      return true;
    case "operator":
      return false;
  }
}
