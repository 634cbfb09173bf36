import type { Context, Hono } from "hono";
import * as z from "zod";
import type { Endpoint } from "../../../../domain/limits/endpoint.ts";
import { readBytes } from "../../body.ts";
import type { HttpEnv } from "../../env.ts";
import { answerError } from "../../middleware/problem.ts";
import { MAX_PAYLOAD_BODY, type Operation, type Routes, routes } from "../../operation.ts";
import { ACTIONS } from "./actions.ts";
import { authenticateAws } from "./authenticate.ts";
import { AwsError, asAwsError } from "./aws-error.ts";

const PATH = "/aws/step-functions";
const TARGET = /^AWSStepFunctions\.(\w+)$/;
// A definition has 1 MiB (ASL), an input or output as much as a tenant may ask for; as JSON text inside JSON they grow by their
// escapes.
const MAX_BODY_BYTES = 2 * MAX_PAYLOAD_BODY;

const OPERATION: Operation = {
  method: "post",
  path: PATH,
  id: "stepFunctions",
  tag: "Protocols",
  summary:
    "The JSON protocol of AWS Step Functions: `X-Amz-Target` names the action, signed with SigV4 or with a bearer token",
  access: "signed-in",
  body: z.looseObject({}),
  returns: { 200: z.looseObject({}) },
};

/** Step Functions' own surface: one address, the action in a header, errors as AWS writes them. */
export const awsStepFunctions: Routes = {
  operations: [OPERATION],
  add: routes().add,
  mount(app: Hono<HttpEnv>) {
    for (const path of [PATH, `${PATH}/`]) app.post(path, answer);
  },
};

async function answer(http: Context<HttpEnv>): Promise<Response> {
  try {
    const body = await readBytes(http.req.raw, MAX_BODY_BYTES);
    const [, name = ""] = TARGET.exec(http.req.header("x-amz-target") ?? "") ?? [];
    const ctx = await authenticateAws(http, body, endpointOf(name));
    const action = ACTIONS.get(name);
    if (action === undefined)
      throw new AwsError("UnknownOperationException", "The requested operation is not supported.");
    return reply(http, 200, await action(ctx, jsonOf(body)));
  } catch (error) {
    const known = asAwsError(error);
    if (known !== null) return reply(http, known.status, { __type: known.name, message: known.message });
    // The defect is logged and tracked as everywhere; only its answer is AWS's.
    answerError(error, http);
    return reply(http, 500, { __type: "InternalFailure", message: "The request processing has failed." });
  }
}

/** What a call is counted as: the same as by the API of our own. */
function endpointOf(name: string): Endpoint {
  if (name === "StartExecution" || name === "StartSyncExecution") {
    return { class: "run-starts", quota: { name: "runs", cost: 1 } };
  }
  if (name === "RedriveExecution") return { class: "run-starts", quota: null };
  return { class: /^(Describe|Get|List|Validate)/.test(name) ? "reads" : "writes", quota: null };
}

function jsonOf(body: Uint8Array): unknown {
  if (body.byteLength === 0) return {};
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    throw new AwsError("SerializationException", "The body is not JSON.");
  }
}

function reply(http: Context<HttpEnv>, status: number, body: object): Response {
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": http.get("platform").requestId };
  return new Response(JSON.stringify(body), { status, headers });
}
