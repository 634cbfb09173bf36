import { describe, expect, it } from "vitest";
import { aMember, anApiKey, aTenant } from "../../support/a-tenant.ts";
import { type Answer, bearer, send } from "../../support/client.ts";
import { anAwsClient, answerOf, ENDPOINT, withBearer } from "./an-aws-client.ts";

const MINUTE = 60_000;

function expectRefusal(answer: Answer, status: number, name: string): void {
  expect({ status: answer.status, name: answer.body.__type }).toEqual({ status, name });
  expect(answer.headers.get("content-type")).toBe("application/x-amz-json-1.0");
  expect(answer.headers.get("x-amzn-requestid")).toMatch(/^req_/);
}

describe("a key for signing", () => {
  it("is the API key's id and a secret that is shown once", async () => {
    const owner = await aTenant();
    const { body } = await owner.call("/v1/api-keys", { body: { name: "aws", scopes: ["*"], awsSigV4: true } });
    expect(body.awsAccessKeyId).toBe(body.id);
    expect(body.awsSecretAccessKey).toMatch(/^[\w-]{43}$/);
    const listed = (await owner.call("/v1/api-keys")).body.data[0];
    expect(listed).toMatchObject({ awsAccessKeyId: body.id });
    expect(listed).not.toHaveProperty("awsSecretAccessKey");
  });

  it("differs from key to key, and a rotated key gets its own", async () => {
    const owner = await aTenant();
    const [one, other] = [await anAwsClient(owner), await anAwsClient(owner)];
    expect(one.secret).not.toBe(other.secret);
    const { body } = await owner.call(`/v1/api-keys/${one.accessKeyId}/rotate`, { body: {} });
    expect(body.awsSecretAccessKey).not.toBe(one.secret);
    const flaws = { accessKeyId: body.awsAccessKeyId, secret: body.awsSecretAccessKey };
    expect((await one.send("ListStateMachines", {}, flaws)).status).toBe(200);
    expectRefusal(await one.send("ListStateMachines"), 400, "UnrecognizedClientException");
  });

  it("stops with its API key", async () => {
    const owner = await aTenant();
    const aws = await anAwsClient(owner);
    expect((await aws.send("ListStateMachines")).status).toBe(200);
    await owner.call(`/v1/api-keys/${aws.accessKeyId}`, { method: "DELETE" });
    expectRefusal(await aws.send("ListStateMachines"), 400, "UnrecognizedClientException");
  });

  it("is not what every API key is: only those that were made for it", async () => {
    const owner = await aTenant();
    const plain = await anApiKey(owner, ["*"]);
    const secret = owner.ctx.ports.secretDeriver.derive(`aws-secret-access-key ${plain.id}`)[0] ?? "";
    const aws = await anAwsClient(owner);
    const answer = await aws.send("ListStateMachines", {}, { accessKeyId: plain.id, secret });
    expectRefusal(answer, 400, "UnrecognizedClientException");
  });
});

describe("a signed request", () => {
  it("is answered as JSON with an id", async () => {
    const answer = await (await anAwsClient(await aTenant())).send("ListStateMachines");
    expect(answer).toMatchObject({ status: 200, body: { stateMachines: [] } });
    expect(answer.headers.get("content-type")).toBe("application/x-amz-json-1.0");
    expect(answer.headers.get("x-amzn-requestid")).toMatch(/^req_/);
  });

  it.each([
    ["another secret", { secret: "a".repeat(43) }, "InvalidSignatureException"],
    ["a body that was changed", { body: '{"maxResults":1}' }, "InvalidSignatureException"],
    ["an action that was changed", { target: "AWSStepFunctions.DeleteStateMachine" }, "InvalidSignatureException"],
    ["a key of AWS", { accessKeyId: "AKIDEXAMPLE" }, "UnrecognizedClientException"],
    ["another key's id", { accessKeyId: "key_00000000000000000000000000" }, "InvalidSignatureException"],
  ])("is refused with %s", async (_, flaws, name) => {
    const aws = await anAwsClient(await aTenant());
    expectRefusal(await aws.send("ListStateMachines", {}, flaws), 400, name);
  });

  it.each([-6, 6])("is refused when its clock is %d minutes off", async (minutes) => {
    const aws = await anAwsClient(await aTenant());
    const answer = await aws.send("ListStateMachines", {}, { at: Date.now() + minutes * MINUTE });
    expectRefusal(answer, 400, "InvalidSignatureException");
  });

  it.each([-4, 4])("is taken when its clock is %d minutes off", async (minutes) => {
    const aws = await anAwsClient(await aTenant());
    expect((await aws.send("ListStateMachines", {}, { at: Date.now() + minutes * MINUTE })).status).toBe(200);
  });

  it("may do what its key may, and no more", async () => {
    const aws = await anAwsClient(await aTenant(), ["workflows:read"]);
    expect((await aws.send("ListStateMachines")).status).toBe(200);
    const machine = {
      name: "m",
      roleArn: "arn:aws:iam::1:role/r",
      definition: '{"StartAt":"S","States":{"S":{"Type":"Succeed"}}}',
    };
    expectRefusal(await aws.send("CreateStateMachine", machine), 400, "AccessDeniedException");
  });
});

describe("the endpoint", () => {
  it("takes a bearer token, and a slash at its end", async () => {
    const owner = await aTenant();
    expect(await withBearer(owner.token, "ListStateMachines")).toMatchObject({ status: 200 });
    const headers = { ...bearer(owner.token), "x-amz-target": "AWSStepFunctions.ListStateMachines" };
    expect((await send(`${ENDPOINT}/`, { method: "POST", body: "{}", headers })).status).toBe(200);
  });

  it("refuses a viewer what changes something", async () => {
    const viewer = await aMember(await aTenant(), "viewer");
    const input = { stateMachineArn: "arn:aws:states:us-east-1:1:stateMachine:m" };
    expectRefusal(await withBearer(viewer.token, "StartExecution", input), 400, "AccessDeniedException");
  });

  it.each([
    ["no credential", {}, "MissingAuthenticationTokenException"],
    ["a bad token", bearer("garbage"), "UnrecognizedClientException"],
    ["half a signature", { authorization: "AWS4-HMAC-SHA256 Credential=x" }, "IncompleteSignatureException"],
  ])("refuses %s", async (_, headers, name) => {
    const sent = send(ENDPOINT, {
      method: "POST",
      body: "{}",
      headers: { ...headers, "x-amz-target": "AWSStepFunctions.ListStateMachines" },
    });
    expectRefusal(await answerOf(sent), 400, name);
  });

  it.each([
    ["an action that does not exist", "AWSStepFunctions.MakeCoffee", "{}", "UnknownOperationException"],
    ["an action of another service", "DynamoDB_20120810.ListTables", "{}", "UnknownOperationException"],
    ["no action", "", "{}", "UnknownOperationException"],
    ["a member of Object", "AWSStepFunctions.constructor", "{}", "UnknownOperationException"],
    ["a body that is not JSON", "AWSStepFunctions.ListStateMachines", "{", "SerializationException"],
    ["a body that is no object", "AWSStepFunctions.ListStateMachines", "[]", "ValidationException"],
    ["a member of the wrong type", "AWSStepFunctions.ListStateMachines", '{"maxResults":"x"}', "ValidationException"],
    ["a page that never was", "AWSStepFunctions.ListStateMachines", '{"nextToken":"x"}', "InvalidToken"],
    ["a member that is missing", "AWSStepFunctions.DescribeExecution", "{}", "ValidationException"],
  ])("refuses %s", async (_, target, body, name) => {
    const { token } = await aTenant();
    const sent = send(ENDPOINT, { method: "POST", body, headers: { ...bearer(token), "x-amz-target": target } });
    expectRefusal(await answerOf(sent), 400, name);
  });
});
