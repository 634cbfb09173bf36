import * as z from "zod";
import { canonicalJson, type Json } from "../../../../domain/kernel/json.ts";
import { asProblem } from "../../../../domain/kernel/problem.ts";
import { stateMachineArn } from "../../../../domain/workflows/arn.ts";
import type { WorkflowType } from "../../../../domain/workflows/workflow.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import { publishedVersion, publishVersion } from "../../../../services/workflows/published-versions.ts";
import { deleteWorkflow, putWorkflow } from "../../../../services/workflows/put-workflow.ts";
import {
  beginSettings,
  changeSettings,
  getStateMachine,
  listStateMachines as listMachines,
  type StateMachine,
} from "../../../../services/workflows/state-machine.ts";
import { action } from "./action.ts";
import {
  Arn,
  limitOf,
  MaxResults,
  machineOf,
  NextToken,
  nextTokenOf,
  noMachine,
  requireName,
  seconds,
} from "./arns.ts";
import { AwsError, definitionChecked, named } from "./aws-error.ts";
import { Tags, tagMap } from "./tags.ts";

const Definition = z.string().min(1).max(1_048_576);
const Settings = {
  loggingConfiguration: z.json().nullish(),
  tracingConfiguration: z.json().nullish(),
  publish: z.boolean().nullish(),
  versionDescription: z.string().max(256).nullish(),
};

export const createStateMachine = action(
  z.object({
    name: z.string(),
    definition: Definition,
    roleArn: Arn,
    type: z.enum(["STANDARD", "EXPRESS"]).nullish(),
    tags: Tags,
    ...Settings,
  }),
  async (ctx, input) => {
    const { name, definition, roleArn } = input;
    requireName(name);
    requirePublishing(input);
    const type = input.type ?? "STANDARD";
    const arn = stateMachineArn(ctx.tenant.id, name);
    const known = await findMachine(ctx, name);
    if (known !== null && !isSame(known, definition, type, roleArn)) {
      throw new AwsError("StateMachineAlreadyExists", `State Machine Already Exists: '${arn}'`);
    }
    if (known === null) {
      await put(ctx, name, definition, type);
      await beginSettings(ctx, name, {
        roleArn,
        logging: input.loggingConfiguration ?? null,
        tracing: input.tracingConfiguration ?? null,
        tags: tagMap(input.tags),
      });
    }
    const { createdAt } = await getStateMachine(ctx, name);
    return { stateMachineArn: arn, creationDate: seconds(createdAt), ...(await published(ctx, name, input)) };
  },
);

export const updateStateMachine = action(
  z.object({ stateMachineArn: Arn, definition: Definition.nullish(), roleArn: Arn.nullish(), ...Settings }),
  async (ctx, input) => {
    const name = machineOf(input.stateMachineArn).workflow;
    const { definition, roleArn, loggingConfiguration: logging, tracingConfiguration: tracing } = input;
    requirePublishing(input);
    const { workflow } = await load(ctx, input.stateMachineArn);
    const isEmpty = [definition, roleArn, logging, tracing].every((member) => member === undefined || member === null);
    if (isEmpty) {
      throw new AwsError(
        "MissingRequiredParameter",
        "Either the definition, the role ARN, or a configuration must be specified",
      );
    }
    if (definition) await put(ctx, name, definition, workflow.type, workflow.description);
    await changeSettings(ctx, name, {
      ...(roleArn && { roleArn }),
      ...(logging && { logging }),
      ...(tracing && { tracing }),
    });
    const { workflow: newest } = await getStateMachine(ctx, name);
    return {
      updateDate: seconds(ctx.clock.now()),
      revisionId: String(newest.version),
      ...(await published(ctx, name, input)),
    };
  },
);

export const deleteStateMachine = action(z.object({ stateMachineArn: Arn }), async (ctx, input) => {
  const { workflow } = machineOf(input.stateMachineArn);
  try {
    await deleteWorkflow(ctx, workflow);
  } catch (error) {
    // AWS answers the deletion of what is not there like any other.
    if (asProblem(error)?.code !== "not-found") throw error;
  }
  return {};
});

export const describeStateMachine = action(z.object({ stateMachineArn: Arn }), async (ctx, input) => {
  const { workflow, roleArn, logging, tracing, createdAt } = await load(ctx, input.stateMachineArn);
  const { version } = machineOf(input.stateMachineArn);
  const arn = stateMachineArn(ctx.tenant.id, workflow.name);
  // AWS: the description of a state machine is that of a version, which is told where that is asked for.
  const published = version === undefined ? null : await publishedVersion(ctx, workflow.name, version);
  const description = published?.description ?? workflow.description;
  return {
    stateMachineArn: version === undefined ? arn : `${arn}:${version}`,
    name: workflow.name,
    status: "ACTIVE",
    definition: JSON.stringify(workflow.definition),
    roleArn,
    type: workflow.type,
    creationDate: seconds(version === undefined ? createdAt : workflow.createdAt),
    loggingConfiguration: logging ?? { level: "OFF", includeExecutionData: false },
    tracingConfiguration: tracing ?? { enabled: false },
    revisionId: String(workflow.version),
    ...(description !== null && { description }),
  };
});

export const listStateMachines = action(
  z.object({ maxResults: MaxResults, nextToken: NextToken }),
  async (ctx, { maxResults, nextToken }) => {
    const page = await listMachines(ctx, {
      limit: limitOf(maxResults, 1_000),
      ...(nextToken && { cursor: nextToken }),
    });
    const machines = page.data.map(({ name, type, createdAt }) => ({
      stateMachineArn: stateMachineArn(ctx.tenant.id, name),
      name,
      type,
      creationDate: seconds(createdAt),
    }));
    return { stateMachines: machines, ...nextTokenOf(page.nextCursor) };
  },
);

function load(ctx: ServiceContext, arn: string): Promise<StateMachine> {
  const { workflow, version } = machineOf(arn);
  return named(
    "not-found",
    () => noMachine(arn),
    () => getStateMachine(ctx, workflow, version),
  );
}

async function findMachine(ctx: ServiceContext, name: string): Promise<StateMachine | null> {
  try {
    return await getStateMachine(ctx, name);
  } catch (error) {
    if (asProblem(error)?.code === "not-found") return null;
    throw error;
  }
}

/** AWS: a description is a version's, so there is none without one. */
function requirePublishing({ publish, versionDescription }: Publishing): void {
  if (versionDescription && publish !== true) {
    throw new AwsError("ValidationException", "'versionDescription' can only be given where 'publish' is true");
  }
}

/** AWS: creating again what is there already, word for word, answers it. */
function isSame({ workflow, roleArn }: StateMachine, definition: string, type: WorkflowType, role: string): boolean {
  if (workflow.type !== type || roleArn !== role) return false;
  try {
    return canonicalJson(workflow.definition) === canonicalJson(JSON.parse(definition) as Json);
  } catch {
    return false;
  }
}

async function put(
  ctx: ServiceContext,
  name: string,
  definition: string,
  type: WorkflowType,
  description: string | null = null,
): Promise<void> {
  await definitionChecked(() =>
    putWorkflow(ctx, name, { definition, type, ...(description !== null && { description }) }),
  );
}

interface Publishing {
  publish?: boolean | null | undefined;
  versionDescription?: string | null | undefined;
}

async function published(
  ctx: ServiceContext,
  name: string,
  { publish, versionDescription }: Publishing,
): Promise<{ stateMachineVersionArn?: string }> {
  if (publish !== true) return {};
  const { version } = await publishVersion(ctx, name, { description: versionDescription ?? null });
  return { stateMachineVersionArn: `${stateMachineArn(ctx.tenant.id, name)}:${version}` };
}
