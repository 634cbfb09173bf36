import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { type AwsClient, anAwsClient } from "./an-aws-client.ts";

const ROLE = "arn:aws:iam::123456789012:role/states";
const PASS = { StartAt: "P", States: { P: { Type: "Pass", End: true } } };
const OTHER = { StartAt: "S", States: { S: { Type: "Succeed" } } };

async function aMachine(aws: AwsClient, name: string, more: Record<string, Json> = {}): Promise<string> {
  const input = { name, roleArn: ROLE, definition: JSON.stringify(PASS), ...more };
  const { body } = await aws.send("CreateStateMachine", input);
  return body.stateMachineArn;
}

async function anOwner() {
  const owner = await aTenant();
  return { owner, aws: await anAwsClient(owner) };
}

const update = (aws: AwsClient, stateMachineArn: string, definition: Json) =>
  aws.send("UpdateStateMachine", { stateMachineArn, definition: JSON.stringify(definition) });

describe("a state machine", () => {
  it("is told back as it was said, and is a workflow like any other", async () => {
    const { owner, aws } = await anOwner();
    const loggingConfiguration = { level: "ALL", includeExecutionData: true, destinations: [] };
    const arn = await aMachine(aws, "orders", { loggingConfiguration, tags: [{ key: "team", value: "red" }] });
    const { body } = await aws.send("DescribeStateMachine", { stateMachineArn: arn });
    expect(body).toMatchObject({
      stateMachineArn: arn,
      name: "orders",
      status: "ACTIVE",
      type: "STANDARD",
      roleArn: ROLE,
      loggingConfiguration,
      tracingConfiguration: { enabled: false },
    });
    expect(JSON.parse(body.definition)).toEqual(PASS);
    expect(Math.abs(body.creationDate - Date.now() / 1_000)).toBeLessThan(60);
    expect((await owner.call("/v1/workflows/orders")).body).toMatchObject({ version: 1, definition: PASS });
  });

  it("is created once: the same again answers it, another is refused", async () => {
    const { aws } = await anOwner();
    const input = { name: "m", roleArn: ROLE, definition: JSON.stringify(PASS) };
    const first = await aws.send("CreateStateMachine", input);
    const again = await aws.send("CreateStateMachine", { ...input, definition: JSON.stringify(PASS, null, 2) });
    expect(again).toMatchObject({ status: 200, body: first.body });
    for (const other of [{ definition: JSON.stringify(OTHER) }, { type: "EXPRESS" }, { roleArn: `${ROLE}2` }]) {
      const refused = await aws.send("CreateStateMachine", { ...input, ...other });
      expect(refused).toMatchObject({ status: 400, body: { __type: "StateMachineAlreadyExists" } });
    }
  });

  it("that was deleted is gone, and its name is free", async () => {
    const { aws } = await anOwner();
    const stateMachineArn = await aMachine(aws, "m", { tags: [{ key: "old", value: "1" }], publish: true });
    expect(await aws.send("DeleteStateMachine", { stateMachineArn })).toMatchObject({ status: 200, body: {} });
    expect((await aws.send("DeleteStateMachine", { stateMachineArn })).status).toBe(200);
    const gone = await aws.send("DescribeStateMachine", { stateMachineArn });
    expect(gone).toMatchObject({ status: 400, body: { __type: "StateMachineDoesNotExist" } });
    await aMachine(aws, "m", { definition: JSON.stringify(OTHER) });
    const { body } = await aws.send("ListTagsForResource", { resourceArn: stateMachineArn });
    expect(body.tags).toEqual([]);
    const versions = (await aws.send("ListStateMachineVersions", { stateMachineArn })).body;
    expect(versions.stateMachineVersions).toEqual([]);
  });

  it("changes by an update, and keeps what the update does not name", async () => {
    const { aws } = await anOwner();
    const stateMachineArn = await aMachine(aws, "m");
    const before = (await aws.send("DescribeStateMachine", { stateMachineArn })).body;
    const updated = await update(aws, stateMachineArn, OTHER);
    expect(updated.body).toMatchObject({ revisionId: "2", updateDate: expect.any(Number) });
    const { body } = await aws.send("DescribeStateMachine", { stateMachineArn });
    expect(JSON.parse(body.definition)).toEqual(OTHER);
    expect(body).toMatchObject({ roleArn: ROLE, creationDate: before.creationDate });
    const empty = await aws.send("UpdateStateMachine", { stateMachineArn });
    expect(empty.body.__type).toBe("MissingRequiredParameter");
  });

  it("is listed by name, page by page", async () => {
    const { aws } = await anOwner();
    for (const name of ["b", "a", "c"]) await aMachine(aws, name);
    const first = (await aws.send("ListStateMachines", { maxResults: 2 })).body;
    const rest = (await aws.send("ListStateMachines", { maxResults: 2, nextToken: first.nextToken })).body;
    const names = [...first.stateMachines, ...rest.stateMachines].map(({ name }) => name);
    expect(names).toEqual(["a", "b", "c"]);
    expect(rest).not.toHaveProperty("nextToken");
  });

  it.each([
    ["a name with a blank", { name: "a b" }, "InvalidName"],
    ["a name that is too long", { name: "a".repeat(81) }, "InvalidName"],
    ["a definition that is not JSON", { definition: "{" }, "InvalidDefinition"],
    ["a definition without states", { definition: '{"StartAt":"A"}' }, "InvalidDefinition"],
    ["no role", { roleArn: null }, "ValidationException"],
    ["a type that does not exist", { type: "SLOW" }, "ValidationException"],
  ])("is refused with %s", async (_, flaw, name) => {
    const { aws } = await anOwner();
    const input = { name: "m", roleArn: ROLE, definition: JSON.stringify(PASS), ...flaw };
    expect(await aws.send("CreateStateMachine", input)).toMatchObject({ status: 400, body: { __type: name } });
  });

  it("says what is wrong with its definition in the service's words", async () => {
    const { aws } = await anOwner();
    const definition = JSON.stringify({ StartAt: "P", States: { P: { Type: "Pass", Next: "Nowhere" } } });
    const { body } = await aws.send("CreateStateMachine", { name: "m", roleArn: ROLE, definition });
    expect(body.message).toMatch(
      /^Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: .* at \/States\/P\/Next, .*'$/,
    );
    const report = (await aws.send("ValidateStateMachineDefinition", { definition })).body;
    expect(report).toMatchObject({
      result: "FAIL",
      truncated: false,
      diagnostics: [{ location: "/States/P/Next" }, { location: "/States" }],
    });
    const good = await aws.send("ValidateStateMachineDefinition", { definition: JSON.stringify(PASS) });
    expect(good.body).toEqual({ result: "OK", diagnostics: [], truncated: false });
  });
});

describe("versions and aliases", () => {
  it("are published, listed, described and withdrawn", async () => {
    const { aws } = await anOwner();
    const stateMachineArn = await aMachine(aws, "m");
    const list = async () =>
      (await aws.send("ListStateMachineVersions", { stateMachineArn })).body.stateMachineVersions;
    expect(await list()).toEqual([]);
    const first = await aws.send("PublishStateMachineVersion", { stateMachineArn });
    expect(first.body.stateMachineVersionArn).toBe(`${stateMachineArn}:1`);
    expect((await aws.send("PublishStateMachineVersion", { stateMachineArn })).body).toEqual(first.body);
    await update(aws, stateMachineArn, OTHER);
    const stale = await aws.send("PublishStateMachineVersion", { stateMachineArn, revisionId: "1" });
    expect(stale.body.__type).toBe("ConflictException");
    await aws.send("PublishStateMachineVersion", { stateMachineArn, revisionId: "2" });
    expect((await list()).map((version: { stateMachineVersionArn: string }) => version.stateMachineVersionArn)).toEqual(
      [`${stateMachineArn}:2`, `${stateMachineArn}:1`],
    );
    const old = (await aws.send("DescribeStateMachine", { stateMachineArn: `${stateMachineArn}:1` })).body;
    expect(JSON.parse(old.definition)).toEqual(PASS);
    await aws.send("DeleteStateMachineVersion", { stateMachineVersionArn: `${stateMachineArn}:1` });
    expect(await list()).toHaveLength(1);
    const start = await aws.send("StartExecution", { stateMachineArn: `${stateMachineArn}:1` });
    expect(start.body.__type).toBe("StateMachineDoesNotExist");
  });

  it("are published with the creation when it asks for it", async () => {
    const { aws } = await anOwner();
    const input = { name: "m", roleArn: ROLE, definition: JSON.stringify(PASS), publish: true };
    const { body } = await aws.send("CreateStateMachine", input);
    expect(body.stateMachineVersionArn).toBe(`${body.stateMachineArn}:1`);
  });

  it("lead a start by alias to the version it names", async () => {
    const { aws } = await anOwner();
    const arn = await aMachine(aws, "m", { publish: true });
    const route = (version: number, weight = 100) => ({ stateMachineVersionArn: `${arn}:${version}`, weight });
    const create = { name: "live", routingConfiguration: [route(1)] };
    const made = await aws.send("CreateStateMachineAlias", create);
    expect(made.body.stateMachineAliasArn).toBe(`${arn}:live`);
    expect((await aws.send("CreateStateMachineAlias", create)).body).toEqual(made.body);
    await update(aws, arn, OTHER);
    await aws.send("PublishStateMachineVersion", { stateMachineArn: arn });
    const conflict = await aws.send("CreateStateMachineAlias", { ...create, routingConfiguration: [route(2)] });
    expect(conflict.body.__type).toBe("ConflictException");

    const stateMachineAliasArn = `${arn}:live`;
    const { body: started } = await aws.send("StartExecution", { stateMachineArn: stateMachineAliasArn });
    const behind = await aws.send("DescribeStateMachineForExecution", { executionArn: started.executionArn });
    expect(JSON.parse(behind.body.definition)).toEqual(PASS);

    const used = await aws.send("DeleteStateMachineVersion", { stateMachineVersionArn: `${arn}:1` });
    expect(used.body.__type).toBe("ConflictException");
    const routingConfiguration = [route(1, 30), route(2, 70)];
    await aws.send("UpdateStateMachineAlias", { stateMachineAliasArn, routingConfiguration });
    const { body } = await aws.send("DescribeStateMachineAlias", { stateMachineAliasArn });
    expect(body).toMatchObject({ name: "live", stateMachineAliasArn, routingConfiguration });
    const { body: listed } = await aws.send("ListStateMachineAliases", { stateMachineArn: arn });
    expect(listed.stateMachineAliases).toMatchObject([{ stateMachineAliasArn }]);
    const say = (description: string) => aws.send("UpdateStateMachineAlias", { stateMachineAliasArn, description });
    await say("what customers get");
    const told = (await aws.send("DescribeStateMachineAlias", { stateMachineAliasArn })).body;
    expect(told).toMatchObject({ description: "what customers get", routingConfiguration });
    await aws.send("UpdateStateMachineAlias", { stateMachineAliasArn, routingConfiguration: [route(2)] });
    const kept = (await aws.send("DescribeStateMachineAlias", { stateMachineAliasArn })).body;
    expect(kept.description).toBe("what customers get");
    expect((await say("x".repeat(257))).body.__type).toBe("ValidationException");
    await aws.send("DeleteStateMachineAlias", { stateMachineAliasArn });
    const gone = await aws.send("DescribeStateMachineAlias", { stateMachineAliasArn });
    expect(gone.body.__type).toBe("ResourceNotFound");
  });

  it.each([
    ["weights that do not sum to 100", [{ version: 1, weight: 99 }], "ValidationException"],
    ["a version that does not exist", [{ version: 7, weight: 100 }], "ResourceNotFound"],
  ])("refuse an alias with %s", async (_, routes, name) => {
    const { aws } = await anOwner();
    const arn = await aMachine(aws, "m", { publish: true });
    const routingConfiguration = routes.map(({ version, weight }) => ({
      stateMachineVersionArn: `${arn}:${version}`,
      weight,
    }));
    const refused = await aws.send("CreateStateMachineAlias", { name: "live", routingConfiguration });
    expect(refused.body.__type).toBe(name);
  });
});

describe("an alias", () => {
  it("is not changed by an update that names nothing", async () => {
    const { aws } = await anOwner();
    const arn = await aMachine(aws, "m", { publish: true });
    const routingConfiguration = [{ stateMachineVersionArn: `${arn}:1`, weight: 100 }];
    const { body } = await aws.send("CreateStateMachineAlias", { name: "live", routingConfiguration });
    const { stateMachineAliasArn } = body;
    const refused = await aws.send("UpdateStateMachineAlias", { stateMachineAliasArn });
    expect(refused).toMatchObject({ status: 400, body: { __type: "ValidationException" } });
  });
});

describe("a version's description", () => {
  it("is told of the version, and needs one to describe", async () => {
    const { aws } = await anOwner();
    const stateMachineArn = await aMachine(aws, "told", { publish: true, versionDescription: "the first" });
    const describe = async (arn: string) => (await aws.send("DescribeStateMachine", { stateMachineArn: arn })).body;
    expect(await describe(`${stateMachineArn}:1`)).toMatchObject({ description: "the first" });
    expect((await describe(stateMachineArn)).description).toBeUndefined();
    const definition = JSON.stringify(PASS);
    const created = { name: "other", roleArn: ROLE, definition, versionDescription: "x" };
    for (const refused of [
      await aws.send("CreateStateMachine", created),
      await aws.send("UpdateStateMachine", { stateMachineArn, definition, versionDescription: "x" }),
    ]) {
      expect(refused).toMatchObject({ status: 400, body: { __type: "ValidationException" } });
    }
  });
});

describe("tags", () => {
  it("are added, replaced, removed and listed", async () => {
    const { aws } = await anOwner();
    const resourceArn = await aMachine(aws, "m", { tags: [{ key: "a", value: "1" }] });
    await aws.send("TagResource", {
      resourceArn,
      tags: [
        { key: "a", value: "2" },
        { key: "b", value: "3" },
      ],
    });
    const list = async () => (await aws.send("ListTagsForResource", { resourceArn })).body.tags;
    expect(await list()).toEqual([
      { key: "a", value: "2" },
      { key: "b", value: "3" },
    ]);
    await aws.send("UntagResource", { resourceArn, tagKeys: ["a", "absent"] });
    expect(await list()).toEqual([{ key: "b", value: "3" }]);
  });

  it("of one resource are 50 at most", async () => {
    const { aws } = await anOwner();
    const resourceArn = await aMachine(aws, "m");
    const tags = Array.from({ length: 51 }, (_, n) => ({ key: `k${n}`, value: "" }));
    expect((await aws.send("TagResource", { resourceArn, tags })).body.__type).toBe("TooManyTags");
  });

  it("do not begin with the service's own prefix", async () => {
    const { aws } = await anOwner();
    const resourceArn = await aMachine(aws, "m");
    const refused = await aws.send("TagResource", { resourceArn, tags: [{ key: "aws:owner", value: "x" }] });
    expect(refused).toMatchObject({ status: 400, body: { __type: "ValidationException" } });
  });

  it("need a resource", async () => {
    const { aws } = await anOwner();
    const resourceArn = "arn:aws:states:us-east-1:123456789012:stateMachine:absent";
    for (const [action, input] of [
      ["ListTagsForResource", { resourceArn }],
      ["TagResource", { resourceArn, tags: [] }],
      ["UntagResource", { resourceArn, tagKeys: [] }],
    ] as const) {
      expect((await aws.send(action, input as unknown as Json)).body.__type).toBe("ResourceNotFound");
    }
  });
});
