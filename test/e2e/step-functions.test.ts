import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  CreateStateMachineAliasCommand,
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineAliasCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  InvalidDefinition,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  ListStateMachineVersionsCommand,
  ListTagsForResourceCommand,
  PublishStateMachineVersionCommand,
  paginateGetExecutionHistory,
  RedriveExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StateMachineDoesNotExist,
  StopExecutionCommand,
  TagResourceCommand,
  TestStateCommand,
  UpdateStateMachineCommand,
  ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type LocalServer, startServer } from "../../scripts/local/server.ts";
import { testSecrets } from "../support/secrets.ts";

// The official client, pointed at this platform by its endpoint alone.

const root = path.resolve(import.meta.dirname, "../..");
const state = mkdtempSync(path.join(tmpdir(), "weft-step-functions-"));
const ROLE = "arn:aws:iam::123456789012:role/states";

let server: LocalServer;
let sfn: SFNClient;

beforeAll(async () => {
  server = await startServer({ root, state, port: 0, variables: testSecrets(), log: () => {} });
  sfn = client(await aTenantsKey("owner"));
});

afterAll(async () => {
  await server?.stop();
  rmSync(state, { recursive: true, force: true });
});

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

async function post(address: string, body: unknown, token?: string): Promise<Record<string, string>> {
  const response = await fetch(`${server.url}${address}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${address} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, string>;
}

/** The signing credentials of a fresh tenant. */
async function aTenantsKey(name: string): Promise<Credentials> {
  const owner = { email: `${name}@example.com`, password: "a long and honest passphrase" };
  const { accessToken = "" } = await post("/v1/auth/register", owner);
  const key = await post("/v1/api-keys", { name: "aws", scopes: ["*"], awsSigV4: true }, accessToken);
  const { awsAccessKeyId: accessKeyId = "", awsSecretAccessKey: secretAccessKey = "" } = key;
  return { accessKeyId, secretAccessKey };
}

function client(credentials: Credentials): SFNClient {
  return new SFNClient({
    endpoint: `${server.url}/aws/step-functions`,
    region: "eu-central-1",
    credentials,
    maxAttempts: 1,
    disableHostPrefix: true,
  });
}

async function aMachine(name: string, states: object, type: "STANDARD" | "EXPRESS" = "STANDARD"): Promise<string> {
  const definition = JSON.stringify(states);
  const made = await sfn.send(new CreateStateMachineCommand({ name, definition, roleArn: ROLE, type }));
  return made.stateMachineArn ?? "";
}

const GREET = {
  StartAt: "Greet",
  States: { Greet: { Type: "Pass", Parameters: { "greeting.$": "States.Format('Hello {}', $.name)" }, End: true } },
};

const FAIL = { StartAt: "F", States: { F: { Type: "Fail", Error: "Broken" } } };
const CALL_BACK = {
  StartAt: "Ask",
  States: {
    Ask: {
      Type: "Task",
      Resource: "weft:event:publish.waitForTaskToken",
      Parameters: { type: "asked", data: { "token.$": "$$.Task.Token" } },
      End: true,
    },
  },
};

/** The execution once it runs no more. */
function ended(executionArn: string | undefined) {
  return vi.waitFor(
    async () => {
      const seen = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      if (seen.status === "RUNNING") throw new Error("The execution still runs.");
      return seen;
    },
    { timeout: 10_000, interval: 20 },
  );
}

/** The error that the client makes of the answer. */
async function refusal(sent: Promise<unknown>): Promise<Error> {
  try {
    await sent;
  } catch (error) {
    return error as Error;
  }
  throw new Error("The command was not refused.");
}

describe("the official Step Functions client", () => {
  it("creates a state machine, runs it and reads its output", async () => {
    const stateMachineArn = await aMachine("greet", GREET);
    expect(stateMachineArn).toMatch(/^arn:aws:states:us-east-1:\d{12}:stateMachine:greet$/);
    const started = await sfn.send(
      new StartExecutionCommand({ stateMachineArn, name: "first", input: '{"name":"Ada"}' }),
    );
    expect(started.executionArn).toMatch(/:execution:greet:first$/);
    expect(started.startDate).toBeInstanceOf(Date);
    const { executionArn } = started;
    expect(await ended(executionArn)).toMatchObject({
      status: "SUCCEEDED",
      output: '{"greeting":"Hello Ada"}',
      stateMachineArn,
      name: "first",
    });
    const behind = await sfn.send(new DescribeStateMachineForExecutionCommand({ executionArn }));
    expect(behind).toMatchObject({ name: "greet", roleArn: ROLE });
    expect(JSON.parse(behind.definition ?? "")).toEqual(GREET);
    const history = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(history.events?.map(({ id, type }) => `${id} ${type}`)).toEqual([
      "1 ExecutionStarted",
      "2 PassStateEntered",
      "3 PassStateExited",
      "4 ExecutionSucceeded",
    ]);
    expect(history.events?.[1]?.stateEnteredEventDetails).toMatchObject({ name: "Greet", input: '{"name":"Ada"}' });
    expect(history.events?.[3]?.executionSucceededEventDetails).toMatchObject({ output: '{"greeting":"Hello Ada"}' });
  });

  it("updates, publishes and routes by alias", async () => {
    const stateMachineArn = await aMachine("routed", GREET);
    const { stateMachineVersionArn } = await sfn.send(new PublishStateMachineVersionCommand({ stateMachineArn }));
    const routingConfiguration = [{ stateMachineVersionArn, weight: 100 }];
    const alias = await sfn.send(new CreateStateMachineAliasCommand({ name: "live", routingConfiguration }));
    const definition = JSON.stringify(FAIL);
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition, publish: true }));
    const { stateMachineVersions } = await sfn.send(new ListStateMachineVersionsCommand({ stateMachineArn }));
    expect(stateMachineVersions).toHaveLength(2);
    const { stateMachineAliasArn } = alias;
    const described = await sfn.send(new DescribeStateMachineAliasCommand({ stateMachineAliasArn }));
    expect(described).toMatchObject({ name: "live", routingConfiguration });
    const input = '{"name":"Bo"}';
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn: stateMachineAliasArn, name: "by-alias", input }),
    );
    expect(await ended(executionArn)).toMatchObject({ status: "SUCCEEDED", output: '{"greeting":"Hello Bo"}' });
  });

  it("reads errors as the classes that it knows", async () => {
    const absent = "arn:aws:states:us-east-1:123456789012:stateMachine:absent";
    expect(await refusal(sfn.send(new DescribeStateMachineCommand({ stateMachineArn: absent })))).toBeInstanceOf(
      StateMachineDoesNotExist,
    );
    const executionArn = absent.replace("stateMachine:absent", "execution:absent:one");
    expect(await refusal(sfn.send(new DescribeExecutionCommand({ executionArn })))).toBeInstanceOf(
      ExecutionDoesNotExist,
    );
    const wrong = { name: "wrong", roleArn: ROLE, definition: "{}" };
    const invalid = await refusal(sfn.send(new CreateStateMachineCommand(wrong)));
    expect(invalid).toBeInstanceOf(InvalidDefinition);
    expect(invalid.message).toContain("Invalid State Machine Definition");
    const stateMachineArn = await aMachine("once", GREET);
    await sfn.send(new StartExecutionCommand({ stateMachineArn, name: "a", input: '{"name":"x"}' }));
    const other = new StartExecutionCommand({ stateMachineArn, name: "a", input: '{"name":"y"}' });
    expect(await refusal(sfn.send(other))).toBeInstanceOf(ExecutionAlreadyExists);
  });

  it("follows a long history page by page, backwards too", async () => {
    const states = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [
        `S${n}`,
        { Type: "Pass", ...(n === 59 ? { End: true } : { Next: `S${n + 1}` }) },
      ]),
    );
    const stateMachineArn = await aMachine("long", { StartAt: "S0", States: states });
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn }));
    await ended(executionArn);
    const ids = async (reverseOrder: boolean) => {
      const seen: (number | undefined)[] = [];
      const pages = paginateGetExecutionHistory({ client: sfn, pageSize: 25 }, { executionArn, reverseOrder });
      for await (const page of pages) seen.push(...(page.events ?? []).map(({ id }) => id));
      return seen;
    };
    const all = Array.from({ length: 122 }, (_, n) => n + 1);
    expect(await ids(false)).toEqual(all);
    expect(await ids(true)).toEqual(all.toReversed());
  });

  it("stops, lists and redrives", async () => {
    const stateMachineArn = await aMachine("slow", {
      StartAt: "W",
      States: { W: { Type: "Wait", Seconds: 600, End: true } },
    });
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn }));
    const { stopDate } = await sfn.send(new StopExecutionCommand({ executionArn, error: "Enough" }));
    expect(stopDate).toBeInstanceOf(Date);
    expect(await ended(executionArn)).toMatchObject({
      status: "ABORTED",
      error: "Enough",
      redriveStatus: "REDRIVABLE",
    });
    const { redriveDate } = await sfn.send(new RedriveExecutionCommand({ executionArn }));
    expect(redriveDate).toBeInstanceOf(Date);
    const running = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    expect(running).toMatchObject({ status: "RUNNING", redriveCount: 1 });
    const listed = async () => (await sfn.send(new ListExecutionsCommand({ stateMachineArn }))).executions ?? [];
    await expect
      .poll(listed, { timeout: 10_000 })
      .toMatchObject([{ executionArn, status: "RUNNING", redriveCount: 1 }]);
  });

  it("runs an Express machine and waits for it", async () => {
    const stateMachineArn = await aMachine("quick", GREET, "EXPRESS");
    const answer = await sfn.send(new StartSyncExecutionCommand({ stateMachineArn, input: '{"name":"Eve"}' }));
    expect(answer).toMatchObject({ status: "SUCCEEDED", output: '{"greeting":"Hello Eve"}' });
  });

  it("answers a task that waits for its token", async () => {
    const stateMachineArn = await aMachine("callback", CALL_BACK);
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn }));
    const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    const scheduled = events?.find(({ type }) => type === "TaskScheduled")?.taskScheduledEventDetails;
    const taskToken = JSON.parse(scheduled?.parameters ?? "{}").data.token;
    await sfn.send(new SendTaskSuccessCommand({ taskToken, output: '{"done":1}' }));
    expect(await ended(executionArn)).toMatchObject({ status: "SUCCEEDED", output: '{"done":1}' });
  });

  it("tests a state and validates a definition", async () => {
    const definition = JSON.stringify({ Type: "Pass", Parameters: { "b.$": "$.a" }, Next: "Then" });
    const tested = await sfn.send(
      new TestStateCommand({ definition, roleArn: ROLE, input: '{"a":1}', inspectionLevel: "DEBUG" }),
    );
    expect(tested).toMatchObject({ status: "SUCCEEDED", output: '{"b":1}', nextState: "Then" });
    expect(tested.inspectionData).toMatchObject({ input: '{"a":1}', afterParameters: '{"b":1}' });
    const mocked = await sfn.send(
      new TestStateCommand({
        definition: JSON.stringify({ Type: "Task", Resource: "arn:aws:states:::lambda:invoke", End: true }),
        input: "{}",
        mock: { errorOutput: { error: "Lambda.Unknown", cause: "?" } },
      }),
    );
    expect(mocked).toMatchObject({ status: "FAILED", error: "Lambda.Unknown", cause: "?" });
    const report = await sfn.send(new ValidateStateMachineDefinitionCommand({ definition: '{"StartAt":"A"}' }));
    expect(report).toMatchObject({ result: "FAIL", truncated: false });
  });

  it("keeps tags", async () => {
    const resourceArn = await aMachine("tagged", GREET);
    await sfn.send(new TagResourceCommand({ resourceArn, tags: [{ key: "team", value: "blue" }] }));
    const { tags } = await sfn.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).toEqual([{ key: "team", value: "blue" }]);
  });
});

describe("the signature", () => {
  it("of another secret is refused", async () => {
    const stranger = client({ ...(await aTenantsKey("stranger")), secretAccessKey: "wrong" });
    expect(await refusal(stranger.send(new ListStateMachinesCommand({})))).toMatchObject({
      name: "InvalidSignatureException",
    });
  });

  it.each([
    ["the body", (request: HttpRequest) => ({ ...request, body: '{"maxResults":7}' })],
    [
      "the action",
      (request: HttpRequest) => withHeader(request, "x-amz-target", "AWSStepFunctions.DeleteStateMachine"),
    ],
  ])("does not hold when %s is changed on the way", async (_, change) => {
    const tampering = client(await aTenantsKey(`tamper-${crypto.randomUUID()}`));
    tampering.middlewareStack.add(
      (next) => (args) => {
        Object.assign(args.request as HttpRequest, change(args.request as HttpRequest));
        return next(args);
      },
      // After the signature, which is added in this step, too.
      { step: "finalizeRequest", priority: "low" },
    );
    expect(await refusal(tampering.send(new ListStateMachinesCommand({})))).toMatchObject({
      name: "InvalidSignatureException",
    });
  });

  it("opens the signer's own tenant alone", async () => {
    const executionArn = await aMachine("private", GREET).then(async (stateMachineArn) => {
      const started = await sfn.send(
        new StartExecutionCommand({ stateMachineArn, name: "one", input: '{"name":"x"}' }),
      );
      return started.executionArn;
    });
    const other = client(await aTenantsKey("other"));
    expect((await other.send(new ListStateMachinesCommand({}))).stateMachines).toEqual([]);
    expect(await refusal(other.send(new DescribeExecutionCommand({ executionArn })))).toMatchObject({
      name: "ExecutionDoesNotExist",
    });
  });
});

interface HttpRequest {
  headers: Record<string, string>;
  body?: unknown;
}

function withHeader(request: HttpRequest, name: string, value: string): HttpRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}
