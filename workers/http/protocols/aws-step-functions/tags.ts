import * as z from "zod";
import { activityOfArn } from "../../../../domain/workflows/arn.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import { changeActivityTags, getActivity } from "../../../../services/workflows/activities.ts";
import { changeTags, getStateMachine } from "../../../../services/workflows/state-machine.ts";
import { action } from "./action.ts";
import { Arn, machineOf } from "./arns.ts";
import { AwsError, named } from "./aws-error.ts";

// AWS: 50 tags on a resource.
const MOST_TAGS = 50;
const TagKey = z
  .string()
  .min(1)
  .max(128)
  .refine((key) => !/^aws:/i.test(key), "begins with 'aws:', which is AWS's own");
export const Tags = z.array(z.object({ key: TagKey, value: z.string().max(256).nullish() })).nullish();

export function tagMap(tags: z.infer<typeof Tags>): Record<string, string> {
  const map = Object.fromEntries((tags ?? []).map(({ key, value }) => [key, value ?? ""]));
  if (Object.keys(map).length > MOST_TAGS) throw tooMany();
  return map;
}

const ByArn = z.object({ resourceArn: Arn });

export const tagResource = action(ByArn.extend({ tags: Tags }), async (ctx, { resourceArn, tags }) => {
  const added = tagMap(tags);
  await ofResource(resourceArn, async ({ read, change }) => {
    if (Object.keys({ ...(await read(ctx)), ...added }).length > MOST_TAGS) throw tooMany();
    await change(ctx, added);
  });
  return {};
});

export const untagResource = action(
  ByArn.extend({ tagKeys: z.array(z.string()).max(200) }),
  async (ctx, { resourceArn, tagKeys }) => {
    const removed = Object.fromEntries(tagKeys.map((key) => [key, null]));
    await ofResource(resourceArn, ({ change }) => change(ctx, removed));
    return {};
  },
);

export const listTagsForResource = action(ByArn, async (ctx, { resourceArn }) => {
  const tags = await ofResource(resourceArn, ({ read }) => read(ctx));
  return { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) };
});

interface Tagged {
  read(ctx: ServiceContext): Promise<Readonly<Record<string, string>>>;
  change(ctx: ServiceContext, changes: Record<string, string | null>): Promise<void>;
}

/** A state machine, or an activity. */
function ofResource<T>(arn: string, work: (resource: Tagged) => Promise<T>): Promise<T> {
  const activity = activityOfArn(arn);
  const { workflow } = activity === null ? machineOf(arn) : { workflow: "" };
  const resource: Tagged =
    activity === null
      ? {
          read: async (ctx) => (await getStateMachine(ctx, workflow)).tags,
          change: (ctx, changes) => changeTags(ctx, workflow, changes),
        }
      : {
          read: async (ctx) => (await getActivity(ctx, activity)).tags,
          change: (ctx, changes) => changeActivityTags(ctx, activity, changes),
        };
  return named(
    "not-found",
    () => noResource(arn),
    () => work(resource),
  );
}

function noResource(arn: string): AwsError {
  return new AwsError("ResourceNotFound", `Resource not found: '${arn}'`);
}

function tooMany(): AwsError {
  return new AwsError("TooManyTags", `A resource has at most ${MOST_TAGS} tags`);
}
