import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

async function post(address: string, body: unknown, token?: string) {
  const response = await fetch(`${server.url}${address}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${address} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** The signing credentials of a fresh tenant. */
async function aTenantsKey(name: string): Promise<Credentials> {
  const owner = { email: `${name}@example.com`, password: "a long and honest passphrase" };
  const { accessToken } = await post("/v1/auth/register", owner);
  const key = await post("/v1/api-keys", { name: "aws", scopes: ["*"], awsSigV4: true }, accessToken);
  return { accessKeyId: key.awsAccessKeyId, secretAccessKey: key.awsSecretAccessKey };
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
    const described = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    expect(described).toMatchObject({
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
});
