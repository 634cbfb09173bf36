import { createHash, createHmac } from "node:crypto";
import type { Json } from "../../../domain/kernel/json.ts";
import type { TestMember } from "../../support/a-tenant.ts";
import { type Answer, bearer, ORIGIN, send } from "../../support/client.ts";

export const ENDPOINT = "/aws/step-functions";
const CONTENT_TYPE = "application/x-amz-json-1.0";

export interface AwsClient {
  accessKeyId: string;
  secret: string;
  /** One action, signed; what is wrong with the request is made so by `flaws`. */
  send(action: string, input?: Json, flaws?: Flaws): Promise<Answer>;
}

export interface Flaws {
  accessKeyId?: string;
  secret?: string;
  /** When the request says it was signed. */
  at?: number;
  /** Sent in place of the body that was signed. */
  body?: string;
  /** Sent in place of the header that was signed. */
  target?: string;
}

/** A key of the member with which requests can be signed. */
export async function anAwsClient(member: TestMember, scopes: string[] = ["*"]): Promise<AwsClient> {
  const { body } = await member.call("/v1/api-keys", { body: { name: "aws", scopes, awsSigV4: true } });
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secret } = body;
  const call: AwsClient["send"] = (action, input = {}, flaws = {}) =>
    answerOf(signed(action, JSON.stringify(input), { accessKeyId, secret, ...flaws }));
  return { accessKeyId, secret, send: call };
}

/** One action with a bearer token. */
export function withBearer(token: string, action: string, input: Json = {}): Promise<Answer> {
  const headers = { ...bearer(token), "content-type": CONTENT_TYPE, "x-amz-target": `AWSStepFunctions.${action}` };
  return answerOf(send(ENDPOINT, { method: "POST", body: JSON.stringify(input), headers }));
}

export async function answerOf(sent: Promise<Response>): Promise<Answer> {
  const response = await sent;
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function signed(action: string, text: string, by: Flaws & { accessKeyId: string; secret: string }): Promise<Response> {
  const date = new Date(by.at ?? Date.now()).toISOString().replace(/[-:]|\.\d+/g, "");
  const day = date.slice(0, 8);
  const headers: Record<string, string> = {
    "content-type": CONTENT_TYPE,
    host: new URL(ORIGIN).host,
    "x-amz-date": date,
    "x-amz-target": `AWSStepFunctions.${action}`,
  };
  const names = Object.keys(headers).sort().join(";");
  const lines = Object.entries(headers)
    .sort()
    .map(([name, value]) => `${name}:${value}\n`);
  const request = ["POST", ENDPOINT, "", lines.join(""), names, sha256(text)].join("\n");
  const scope = `${day}/eu-west-1/states/aws4_request`;
  const key = ["eu-west-1", "states", "aws4_request"].reduce(hmac, hmac(`AWS4${by.secret}`, day));
  const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(request)].join("\n")).toString("hex");
  const credential = `Credential=${by.accessKeyId}/${scope}`;
  headers.authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}`;
  if (by.target !== undefined) headers["x-amz-target"] = by.target;
  return send(ENDPOINT, { method: "POST", body: by.body ?? text, headers });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
