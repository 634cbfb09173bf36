import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { TestedState, TestState } from "../../../domain/workflows/state-test.ts";
import {
  Definition,
  PutWorkflow,
  ValidationReport,
  Workflow,
  WorkflowName,
  WorkflowType,
  WorkflowVersion,
} from "../../../domain/workflows/workflow.ts";
import { deleteVersion } from "../../../services/workflows/delete-version.ts";
import { getWorkflow, listVersions, listWorkflows } from "../../../services/workflows/find-workflow.ts";
import { deleteWorkflow, putWorkflow, validateDefinition } from "../../../services/workflows/put-workflow.ts";
import { testState } from "../../../services/workflows/test-state.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

const tag = "Workflows";
const ByName = z.object({ name: WorkflowName });
const ByVersion = ByName.extend({ version: z.coerce.number().int().positive() });
// A definition may have 1 MiB (ASL); as JSON text inside JSON it grows by its escapes.
const MAX_DEFINITION_BODY = 2_621_440;

export const workflows = routes();

workflows.add(
  {
    method: "put",
    path: "/v1/workflows/{name}",
    id: "putWorkflow",
    tag,
    summary: "Make a new version of a workflow, unless the newest is equal",
    access: "workflows:write",
    params: ByName,
    body: PutWorkflow,
    maxBytes: MAX_DEFINITION_BODY,
    returns: { 200: Workflow, 201: Workflow },
    problems: ["invalid-definition", "conflict"],
  },
  async ({ ctx, params, body }) => {
    const { workflow, created } = await putWorkflow(ctx, params.name, body);
    return reply(created ? 201 : 200, workflow);
  },
);

workflows.add(
  {
    method: "get",
    path: "/v1/workflows",
    id: "listWorkflows",
    tag,
    summary: "Workflows by name, each as its newest version",
    access: "workflows:read",
    query: PageRequest,
    returns: { 200: listOf(Workflow) },
  },
  async ({ ctx, query }) => reply(200, await listWorkflows(ctx, query)),
);

workflows.add(
  {
    method: "post",
    path: "/v1/workflows/validate",
    id: "validateWorkflow",
    tag,
    summary: "What is wrong with a definition, and where",
    access: "workflows:read",
    body: z.strictObject({ definition: Definition, type: WorkflowType.optional() }),
    maxBytes: MAX_DEFINITION_BODY,
    returns: { 200: ValidationReport },
  },
  ({ body }) => reply(200, validateDefinition(body.definition, body.type ?? "STANDARD")),
);

workflows.add(
  {
    method: "post",
    path: "/v1/workflows/test-state",
    id: "testState",
    tag,
    summary: "What one state does with an input; without a mock its task is really performed",
    access: "runs:write",
    body: TestState,
    maxBytes: MAX_DEFINITION_BODY,
    returns: { 200: TestedState },
    problems: ["invalid-definition"],
  },
  async ({ ctx, body }) => reply(200, await testState(ctx, body)),
);

workflows.add(
  {
    method: "get",
    path: "/v1/workflows/{name}",
    id: "getWorkflow",
    tag,
    summary: "The newest version",
    access: "workflows:read",
    params: ByName,
    returns: { 200: Workflow },
  },
  async ({ ctx, params }) => reply(200, await getWorkflow(ctx, params.name)),
);

workflows.add(
  {
    method: "get",
    path: "/v1/workflows/{name}/versions",
    id: "listWorkflowVersions",
    tag,
    summary: "Versions, newest first",
    access: "workflows:read",
    params: ByName,
    query: PageRequest,
    returns: { 200: listOf(WorkflowVersion) },
  },
  async ({ ctx, params, query }) => reply(200, await listVersions(ctx, params.name, query)),
);

workflows.add(
  {
    method: "get",
    path: "/v1/workflows/{name}/versions/{version}",
    id: "getWorkflowVersion",
    tag,
    summary: "One version",
    access: "workflows:read",
    params: ByVersion,
    returns: { 200: Workflow },
  },
  async ({ ctx, params }) => reply(200, await getWorkflow(ctx, params.name, params.version)),
);

workflows.add(
  {
    method: "delete",
    path: "/v1/workflows/{name}",
    id: "deleteWorkflow",
    tag,
    summary: "Take no more runs; those that run go on",
    access: "workflows:write",
    params: ByName,
    returns: { 204: null },
  },
  async ({ ctx, params }) => {
    await deleteWorkflow(ctx, params.name);
    return noContent();
  },
);

workflows.add(
  {
    method: "delete",
    path: "/v1/workflows/{name}/versions/{version}",
    id: "deleteWorkflowVersion",
    tag,
    summary: "Remove an old version that no alias leads to; its runs go on",
    access: "workflows:write",
    params: ByVersion,
    returns: { 204: null },
    problems: ["conflict"],
  },
  async ({ ctx, params }) => {
    await deleteVersion(ctx, params.name, params.version);
    return noContent();
  },
);
