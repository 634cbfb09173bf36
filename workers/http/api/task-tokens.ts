import * as z from "zod";
import type { ProblemCode } from "../../../domain/kernel/problem.ts";
import { answerTask } from "../../../services/workflows/runs.ts";
import { MAX_PAYLOAD_BODY, noContent, routes } from "../operation.ts";

// AWS: 2,048 characters for a token, 256 for an error's name, 32,768 for its cause.
const taskToken = z.string().min(1).max(2_048).meta({ description: "`$$.Task.Token` of the task that waits" });
const Success = z.strictObject({ taskToken, output: z.json() });
const Failure = z.strictObject({
  taskToken,
  error: z.string().max(256).optional(),
  cause: z.string().max(32_768).optional(),
});
const Heartbeat = z.strictObject({ taskToken });

const problems: ProblemCode[] = ["not-found", "task-answered"];
const common = { method: "post", tag: "Runs", access: "runs:write", problems } as const;
const NOTHING = { 204: null } as const;

export const taskTokens = routes();

taskTokens.add(
  {
    ...common,
    path: "/v1/task-tokens/success",
    id: "sendTaskSuccess",
    summary: "The work behind a task token is done; the first answer counts",
    body: Success,
    maxBytes: MAX_PAYLOAD_BODY,
    returns: NOTHING,
  },
  async ({ ctx, body }) => {
    await answerTask(ctx, { kind: "success", token: body.taskToken, output: body.output });
    return noContent();
  },
);

taskTokens.add(
  {
    ...common,
    path: "/v1/task-tokens/failure",
    id: "sendTaskFailure",
    summary: "The work behind a task token has failed; the first answer counts",
    body: Failure,
    returns: NOTHING,
  },
  async ({ ctx, body }) => {
    const { error, cause } = body;
    const failure = { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
    await answerTask(ctx, { kind: "failure", token: body.taskToken, ...failure });
    return noContent();
  },
);

taskTokens.add(
  {
    ...common,
    path: "/v1/task-tokens/heartbeat",
    id: "sendTaskHeartbeat",
    summary: "The work behind a task token goes on: its heartbeat timeout begins anew",
    body: Heartbeat,
    returns: NOTHING,
  },
  async ({ ctx, body }) => {
    await answerTask(ctx, { kind: "heartbeat", token: body.taskToken });
    return noContent();
  },
);
