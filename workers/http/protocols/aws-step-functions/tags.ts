import * as z from "zod";
import { changeTags, getStateMachine } from "../../../../services/workflows/state-machine.ts";
import { action } from "./action.ts";
import { Arn, machineOf } from "./arns.ts";
import { AwsError, named } from "./aws-error.ts";

// AWS: 50 tags on a resource.
const MOST_TAGS = 50;
export const Tags = z
  .array(z.object({ key: z.string().min(1).max(128), value: z.string().max(256).nullish() }))
  .nullish();

export function tagMap(tags: z.infer<typeof Tags>): Record<string, string> {
  const map = Object.fromEntries((tags ?? []).map(({ key, value }) => [key, value ?? ""]));
  if (Object.keys(map).length > MOST_TAGS) throw tooMany();
  return map;
}

const ByArn = z.object({ resourceArn: Arn });

export const tagResource = action(ByArn.extend({ tags: Tags }), async (ctx, { resourceArn, tags }) => {
  const { workflow } = machineOf(resourceArn);
  const added = tagMap(tags);
  const machine = await named(
    "not-found",
    () => noResource(resourceArn),
    () => getStateMachine(ctx, workflow),
  );
  if (Object.keys({ ...machine.tags, ...added }).length > MOST_TAGS) throw tooMany();
  await changeTags(ctx, workflow, added);
  return {};
});

export const untagResource = action(
  ByArn.extend({ tagKeys: z.array(z.string()).max(200) }),
  async (ctx, { resourceArn, tagKeys }) => {
    const { workflow } = machineOf(resourceArn);
    const removed = Object.fromEntries(tagKeys.map((key) => [key, null]));
    await named(
      "not-found",
      () => noResource(resourceArn),
      () => changeTags(ctx, workflow, removed),
    );
    return {};
  },
);

export const listTagsForResource = action(ByArn, async (ctx, { resourceArn }) => {
  const { workflow } = machineOf(resourceArn);
  const { tags } = await named(
    "not-found",
    () => noResource(resourceArn),
    () => getStateMachine(ctx, workflow),
  );
  return { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) };
});

function noResource(arn: string): AwsError {
  return new AwsError("ResourceNotFound", `Resource not found: '${arn}'`);
}

function tooMany(): AwsError {
  return new AwsError("TooManyTags", `A resource has at most ${MOST_TAGS} tags`);
}
