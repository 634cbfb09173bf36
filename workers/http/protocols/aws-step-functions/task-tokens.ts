import * as z from "zod";
import { MAX_PAYLOAD_BYTES } from "../../../../domain/tenants/tenant.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import type { TaskAnswer } from "../../../../services/workflows/ports.ts";
import { answerTask } from "../../../../services/workflows/runs.ts";
import { action } from "./action.ts";
import { AwsError, invalidToken, named } from "./aws-error.ts";
import { jsonOutput } from "./payload.ts";

const taskToken = z.string().min(1).max(2_048);

export const sendTaskSuccess = action(
  z.object({ taskToken, output: z.string().max(MAX_PAYLOAD_BYTES) }),
  async (ctx, { taskToken: token, output }) => answer(ctx, { kind: "success", token, output: jsonOutput(output) }),
);

export const sendTaskFailure = action(
  z.object({ taskToken, error: z.string().max(256).nullish(), cause: z.string().max(32_768).nullish() }),
  async (ctx, { taskToken: token, error, cause }) =>
    answer(ctx, { kind: "failure", token, ...(error && { error }), ...(cause && { cause }) }),
);

export const sendTaskHeartbeat = action(z.object({ taskToken }), async (ctx, { taskToken: token }) =>
  answer(ctx, { kind: "heartbeat", token }),
);

async function answer(ctx: ServiceContext, said: TaskAnswer): Promise<object> {
  await named("not-found", invalidToken, () =>
    named(
      "task-answered",
      () => new AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"),
      () => answerTask(ctx, said),
    ),
  );
  return {};
}
