import * as z from "zod";
import { asProblem } from "../../../../domain/kernel/problem.ts";
import { type Activity, isActivityName } from "../../../../domain/workflows/activity.ts";
import { activityArn, activityOfArn } from "../../../../domain/workflows/arn.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import {
  createActivity as create,
  getActivity,
  listActivities as list,
  deleteActivity as remove,
} from "../../../../services/workflows/activities.ts";
import { takeActivityTask } from "../../../../services/workflows/activity-tasks.ts";
import { action } from "./action.ts";
import { Arn, invalidArn, limitOf, MaxResults, NextToken, nextTokenOf, seconds } from "./arns.ts";
import { AwsError, named } from "./aws-error.ts";
import { Tags, tagMap } from "./tags.ts";

export const createActivity = action(z.object({ name: z.string(), tags: Tags }), async (ctx, { name, tags }) => {
  if (!isActivityName(name)) throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
  const activity = await named(
    "quota-exceeded",
    () => new AwsError("ActivityLimitExceeded", "The maximum number of activities has been reached"),
    () => create(ctx, name, tagMap(tags)),
  );
  const { activityArn: arn, creationDate } = listed(ctx, activity);
  return { activityArn: arn, creationDate };
});

export const deleteActivity = action(z.object({ activityArn: Arn }), async (ctx, { activityArn: arn }) => {
  const name = nameOf(arn);
  try {
    await remove(ctx, name);
  } catch (error) {
    // AWS answers the deletion of what is not there like any other.
    if (asProblem(error)?.code !== "not-found") throw error;
  }
  return {};
});

export const describeActivity = action(z.object({ activityArn: Arn }), async (ctx, { activityArn: arn }) => {
  const activity = await named(
    "not-found",
    () => noActivity(arn),
    () => getActivity(ctx, nameOf(arn)),
  );
  return listed(ctx, activity);
});

export const listActivities = action(
  z.object({ maxResults: MaxResults, nextToken: NextToken }),
  async (ctx, { maxResults, nextToken }) => {
    const page = await list(ctx, { limit: limitOf(maxResults, 1_000), ...(nextToken && { cursor: nextToken }) });
    return { activities: page.data.map((activity) => listed(ctx, activity)), ...nextTokenOf(page.nextCursor) };
  },
);

/** Held for a minute; AWS then answers with a token that is null. */
export const getActivityTask = action(
  z.object({ activityArn: Arn, workerName: z.string().min(1).max(80).nullish() }),
  async (ctx, { activityArn: arn, workerName }) => {
    const task = await named(
      "not-found",
      () => noActivity(arn),
      () => takeActivityTask(ctx, nameOf(arn), workerName ?? null),
    );
    return task === null ? { taskToken: null } : { taskToken: task.token, input: JSON.stringify(task.input) };
  },
);

function listed(ctx: ServiceContext, { name, createdAt }: Activity) {
  return { activityArn: activityArn(ctx.tenant.id, name), name, creationDate: seconds(createdAt) };
}

function nameOf(arn: string): string {
  const name = activityOfArn(arn);
  if (name === null) throw invalidArn(arn);
  return name;
}

function noActivity(arn: string): AwsError {
  return new AwsError("ActivityDoesNotExist", `Activity does not exist: '${arn}'`);
}
