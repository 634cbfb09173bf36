import * as z from "zod";
import { stateMachineArn } from "../../../../domain/workflows/arn.ts";
import {
  listPublishedVersions,
  publishVersion,
  withdrawVersion,
} from "../../../../services/workflows/published-versions.ts";
import { action } from "./action.ts";
import { Arn, invalidArn, limitOf, MaxResults, machineOf, NextToken, nextTokenOf, noMachine, seconds } from "./arns.ts";
import { AwsError, named } from "./aws-error.ts";

export const publishStateMachineVersion = action(
  z.object({
    stateMachineArn: Arn,
    revisionId: z.string().nullish(),
    description: z.string().max(256).nullish(),
  }),
  async (ctx, { stateMachineArn: arn, revisionId, description }) => {
    const { workflow } = machineOf(arn);
    if (revisionId && !/^\d+$/.test(revisionId))
      throw new AwsError("ConflictException", "The revision is not the newest");
    const expected = revisionId ? { expected: Number(revisionId) } : {};
    const { version, publishedAt } = await named(
      "not-found",
      () => noMachine(arn),
      () => publishVersion(ctx, workflow, { description: description ?? null, ...expected }),
    );
    return {
      stateMachineVersionArn: `${stateMachineArn(ctx.tenant.id, workflow)}:${version}`,
      creationDate: seconds(publishedAt),
    };
  },
);

export const listStateMachineVersions = action(
  z.object({ stateMachineArn: Arn, maxResults: MaxResults, nextToken: NextToken }),
  async (ctx, { stateMachineArn: arn, maxResults, nextToken }) => {
    const { workflow } = machineOf(arn);
    const page = await named(
      "not-found",
      () => noMachine(arn),
      () =>
        listPublishedVersions(ctx, workflow, {
          limit: limitOf(maxResults, 1_000),
          ...(nextToken && { cursor: nextToken }),
        }),
    );
    const versions = page.data.map(({ version, publishedAt }) => ({
      stateMachineVersionArn: `${stateMachineArn(ctx.tenant.id, workflow)}:${version}`,
      creationDate: seconds(publishedAt),
    }));
    return { stateMachineVersions: versions, ...nextTokenOf(page.nextCursor) };
  },
);

export const deleteStateMachineVersion = action(z.object({ stateMachineVersionArn: Arn }), async (ctx, input) => {
  const { workflow, version } = machineOf(input.stateMachineVersionArn);
  if (version === undefined) throw invalidArn(input.stateMachineVersionArn);
  await withdrawVersion(ctx, workflow, version);
  return {};
});
