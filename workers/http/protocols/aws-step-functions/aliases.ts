import * as z from "zod";
import { jsonEquals } from "../../../../domain/kernel/json.ts";
import { asProblem } from "../../../../domain/kernel/problem.ts";
import { type Alias, AliasName, PutAlias } from "../../../../domain/workflows/alias.ts";
import { stateMachineArn } from "../../../../domain/workflows/arn.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import * as aliases from "../../../../services/workflows/aliases.ts";
import { requireNotWithdrawn } from "../../../../services/workflows/published-versions.ts";
import { action } from "./action.ts";
import { Arn, invalidArn, limitOf, MaxResults, machineOf, NextToken, nextTokenOf, noMachine, seconds } from "./arns.ts";
import { AwsError, named } from "./aws-error.ts";

const Routing = z
  .array(z.object({ stateMachineVersionArn: Arn, weight: z.int().min(0).max(100) }))
  .min(1)
  .max(2);
const Description = z.string().max(256).nullish();
const ByArn = z.object({ stateMachineAliasArn: Arn });

export const createStateMachineAlias = action(
  z.object({ name: z.string(), description: Description, routingConfiguration: Routing }),
  async (ctx, { name, description, routingConfiguration }) => {
    if (!AliasName.safeParse(name).success) throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
    const { workflow, routes } = routesOf(routingConfiguration);
    const known = await findAlias(ctx, workflow, name);
    const said = description ?? null;
    if (known !== null && !(jsonEquals(known.routes, routes) && known.description === said)) {
      throw new AwsError("ConflictException", `The alias ${name} exists and is described otherwise`);
    }
    const alias = known ?? (await put(ctx, workflow, name, { routes, description: said }));
    return { stateMachineAliasArn: arnOf(ctx, alias), creationDate: seconds(alias.createdAt) };
  },
);

export const updateStateMachineAlias = action(
  ByArn.extend({ description: Description, routingConfiguration: Routing.nullish() }),
  async (ctx, { stateMachineAliasArn: arn, description, routingConfiguration }) => {
    if ((description ?? routingConfiguration) == null) {
      throw new AwsError(
        "ValidationException",
        "Either the description or the routing configuration must be specified",
      );
    }
    const { workflow, alias: name, ...known } = await load(ctx, arn);
    const target = routingConfiguration ? routesOf(routingConfiguration) : { workflow, routes: known.routes };
    if (target.workflow !== workflow) throw new AwsError("ValidationException", "An alias leads to one state machine");
    const changed = { routes: target.routes, description: description ?? known.description };
    const { updatedAt } = await put(ctx, workflow, name, changed);
    return { updateDate: seconds(updatedAt) };
  },
);

export const describeStateMachineAlias = action(ByArn, async (ctx, { stateMachineAliasArn: arn }) => {
  const alias = await load(ctx, arn);
  return {
    stateMachineAliasArn: arnOf(ctx, alias),
    name: alias.alias,
    ...(alias.description !== null && { description: alias.description }),
    routingConfiguration: alias.routes.map(({ version, weight }) => ({
      stateMachineVersionArn: `${stateMachineArn(ctx.tenant.id, alias.workflow)}:${version}`,
      weight,
    })),
    creationDate: seconds(alias.createdAt),
    updateDate: seconds(alias.updatedAt),
  };
});

export const listStateMachineAliases = action(
  z.object({ stateMachineArn: Arn, maxResults: MaxResults, nextToken: NextToken }),
  async (ctx, { stateMachineArn: arn, maxResults, nextToken }) => {
    const { workflow, version } = machineOf(arn);
    const page = await named(
      "not-found",
      () => noMachine(arn),
      () => aliases.listAliases(ctx, workflow, { limit: limitOf(maxResults), ...(nextToken && { cursor: nextToken }) }),
    );
    const leading = page.data.filter(
      ({ routes }) => version === undefined || routes.some((route) => route.version === version),
    );
    const listed = leading.map((alias) => ({
      stateMachineAliasArn: arnOf(ctx, alias),
      creationDate: seconds(alias.createdAt),
    }));
    return { stateMachineAliases: listed, ...nextTokenOf(page.nextCursor) };
  },
);

export const deleteStateMachineAlias = action(ByArn, async (ctx, { stateMachineAliasArn: arn }) => {
  const { workflow, alias } = await load(ctx, arn);
  await aliases.deleteAlias(ctx, workflow, alias);
  return {};
});

interface Target {
  workflow: string;
  routes: PutAlias["routes"];
}

function routesOf(routing: z.infer<typeof Routing>): Target {
  const targets = routing.map(({ stateMachineVersionArn: arn, weight }) => {
    const { workflow, version } = machineOf(arn);
    if (version === undefined) throw invalidArn(arn);
    return { workflow, version, weight };
  });
  const [{ workflow } = { workflow: "" }] = targets;
  const isOne = targets.every((target) => target.workflow === workflow);
  const { data } = PutAlias.safeParse({ routes: targets.map(({ version, weight }) => ({ version, weight })) });
  if (isOne && data !== undefined) return { workflow, routes: data.routes };
  const rule = "its versions differ, belong to one state machine, and their weights sum to 100";
  throw new AwsError("ValidationException", `The routing configuration is not valid: ${rule}`);
}

async function put(ctx: ServiceContext, workflow: string, name: string, target: PutAlias): Promise<Alias> {
  const noVersion = () =>
    new AwsError("ResourceNotFound", "The routing configuration names a version that does not exist");
  return named("not-found", noVersion, () =>
    named("validation-failed", noVersion, async () => {
      await Promise.all(target.routes.map(({ version }) => requireNotWithdrawn(ctx, workflow, version)));
      return (await aliases.putAlias(ctx, workflow, name, target)).alias;
    }),
  );
}

async function load(ctx: ServiceContext, arn: string): Promise<Alias> {
  const { workflow, alias: name } = machineOf(arn);
  if (name === undefined) throw invalidArn(arn);
  const alias = await findAlias(ctx, workflow, name);
  if (alias === null) throw new AwsError("ResourceNotFound", `State Machine Alias Does Not Exist: '${arn}'`);
  return alias;
}

async function findAlias(ctx: ServiceContext, workflow: string, name: string): Promise<Alias | null> {
  try {
    return await aliases.getAlias(ctx, workflow, name);
  } catch (error) {
    if (asProblem(error)?.code === "not-found") return null;
    throw error;
  }
}

function arnOf(ctx: ServiceContext, { workflow, alias }: Alias): string {
  return `${stateMachineArn(ctx.tenant.id, workflow)}:${alias}`;
}
