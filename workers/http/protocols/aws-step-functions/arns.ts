import * as z from "zod";
import { runIdOfArn, workflowOfArn } from "../../../../domain/workflows/arn.ts";
import { WorkflowName } from "../../../../domain/workflows/workflow.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import { AwsError } from "./aws-error.ts";

// The tenant comes from the credential alone: partition, region and account of an ARN are not looked at, so an ARN of another
// tenant, or of an AWS account that a team comes from, leads to what the caller has under that name, or nowhere.

export const Arn = z.string().min(1).max(2_000);
export const MaxResults = z.int().min(0).max(1_000).optional();
export const NextToken = z.string().min(1).max(1_024).nullish();

export interface MachineReference {
  workflow: string;
  version?: number;
  alias?: string;
}

export function machineOf(arn: string): MachineReference {
  const found = isArn(arn) ? workflowOfArn(arn) : null;
  if (found === null) throw invalidArn(arn);
  return found;
}

export function runIdOf(ctx: ServiceContext, arn: string): string {
  const found = isArn(arn) ? runIdOfArn(ctx.tenant.id, arn) : null;
  if (found === null) throw invalidArn(arn);
  return found;
}

export function invalidArn(arn: string): AwsError {
  return new AwsError("InvalidArn", `Invalid Arn: '${arn}'`);
}

export function noMachine(arn: string): AwsError {
  return new AwsError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
}

export function noExecution(arn: string): AwsError {
  return new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
}

export function requireName(name: string): void {
  if (!WorkflowName.safeParse(name).success) throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
}

function isArn(text: string): boolean {
  return /^arn:[\w-]+:states:[\w-]*:\d*:/.test(text);
}

/** AWS: seconds since 1970, with the milliseconds behind the point. */
export function seconds(time: string | number): number {
  return (typeof time === "number" ? time : Date.parse(time)) / 1_000;
}

/** AWS: absent and 0 both mean the action's own default. */
export function limitOf(maxResults: number | undefined, most = 100): number {
  return Math.min(maxResults || 100, most);
}

/** The members of a page of a list; the token of the last page is absent. */
export function nextTokenOf(cursor: string | null): { nextToken?: string } {
  return cursor === null ? {} : { nextToken: cursor };
}
