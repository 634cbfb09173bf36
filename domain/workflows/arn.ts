import { putLast } from "../kernel/bounded-map.ts";
import { sha256Hex } from "../kernel/digest.ts";
import { idOf, isId } from "../kernel/id.ts";

// Names of workflows and runs in the form that Step Functions definitions and clients use. A run goes by its name, or by its id
// where it was given none; both lead to the run without a look-up.

const REGION = "us-east-1";
const STATE_MACHINE = /:stateMachine:([A-Za-z0-9][A-Za-z0-9_.-]{0,79})(?::([A-Za-z0-9_.-]{1,80}))?$/;
const ACTIVITY = /:activity:([A-Za-z0-9_.-]{1,80})$/;
const EXECUTION = /:execution:([A-Za-z0-9][A-Za-z0-9_.-]{0,79}):([A-Za-z0-9_.-]{1,80})$/;

// Every run that starts asks twice.
const accounts = new Map<string, string>();
const MAX_ACCOUNTS = 5_000;

/** AWS: an account id has twelve digits. */
export function accountOf(tenantId: string): string {
  const known = accounts.get(tenantId);
  if (known !== undefined) return known;
  const account = String(Number.parseInt(sha256Hex(tenantId).slice(0, 12), 16) % 1e12).padStart(12, "0");
  putLast(accounts, tenantId, account, MAX_ACCOUNTS);
  return account;
}

export function stateMachineArn(tenantId: string, workflow: string): string {
  return `arn:aws:states:${REGION}:${accountOf(tenantId)}:stateMachine:${workflow}`;
}

export function executionArn(tenantId: string, workflow: string, runName: string): string {
  return `arn:aws:states:${REGION}:${accountOf(tenantId)}:execution:${workflow}:${runName}`;
}

/**
 * `name` is the map run's in its run's history: `RUN_ID/LABEL:UUID`. AWS's own form is `...:mapRun:WORKFLOW/LABEL:UUID`; here the
 * run stands before the UUID, so that the ARN leads to it.
 */
export function mapRunArn(tenantId: string, workflow: string, name: string): string {
  const [, runId, label, id] = /^([^/]+)\/(.+):([\w-]+)$/.exec(name) ?? [];
  return `arn:aws:states:${REGION}:${accountOf(tenantId)}:mapRun:${workflow}/${label}:${runId}.${id}`;
}

/** Any ARN that ends `:stateMachine:NAME`, with a version or an alias behind it or none. */
export function workflowOfArn(arn: string): { workflow: string; version?: number; alias?: string } | null {
  const [, workflow, qualifier] = STATE_MACHINE.exec(arn) ?? [];
  if (workflow === undefined) return null;
  if (qualifier === undefined) return { workflow };
  return /^\d+$/.test(qualifier) ? { workflow, version: Number(qualifier) } : { workflow, alias: qualifier };
}

export function activityArn(tenantId: string, activity: string): string {
  return `arn:aws:states:${REGION}:${accountOf(tenantId)}:activity:${activity}`;
}

/** Any ARN that ends `:activity:NAME`. */
export function activityOfArn(arn: string): string | null {
  return ACTIVITY.exec(arn)?.[1] ?? null;
}

export function runIdOfArn(tenantId: string, arn: string): string | null {
  const [, workflow, name] = EXECUTION.exec(arn) ?? [];
  if (workflow === undefined || name === undefined) return null;
  return isId("run", name) ? name : namedRunId(tenantId, workflow, name);
}

/** The id of a run that was started with a name. */
export function namedRunId(tenantId: string, workflow: string, name: string): string {
  return idOf("run", `${tenantId}\n${workflow}\n${name}`);
}

/** The id of the run that an effect of `parentRunId` starts: a repeated effect finds the same child. */
export function childRunId(tenantId: string, parentRunId: string, key: string): string {
  return idOf("run", `${tenantId}\n${parentRunId}/${key}`);
}
