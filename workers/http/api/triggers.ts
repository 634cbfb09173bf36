import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { NewTrigger, Trigger, TriggerPatch } from "../../../domain/workflows/event-trigger.ts";
import { getTrigger, listTriggers } from "../../../services/workflows/find-trigger.ts";
import { createTrigger, deleteTrigger, updateTrigger } from "../../../services/workflows/put-trigger.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

const tag = "Triggers";
const ById = z.object({ id: z.string() });

export const triggers = routes();

triggers.add(
  {
    method: "post",
    path: "/v1/triggers",
    id: "createTrigger",
    tag,
    summary: "Start a workflow for every event of a type",
    access: "runs:write",
    body: NewTrigger,
    returns: { 201: Trigger },
    problems: ["conflict"],
  },
  async ({ ctx, body }) => {
    const trigger = await createTrigger(ctx, body);
    return reply(201, trigger, { location: `/v1/triggers/${trigger.id}` });
  },
);

triggers.add(
  {
    method: "get",
    path: "/v1/triggers",
    id: "listTriggers",
    tag,
    summary: "Triggers, newest first",
    access: "runs:read",
    query: PageRequest,
    returns: { 200: listOf(Trigger) },
  },
  async ({ ctx, query }) => reply(200, await listTriggers(ctx, query)),
);

triggers.add(
  {
    method: "get",
    path: "/v1/triggers/{id}",
    id: "getTrigger",
    tag,
    summary: "One trigger, with the last event that it answered",
    access: "runs:read",
    params: ById,
    returns: { 200: Trigger },
    conditional: true,
  },
  async ({ ctx, params }) => reply(200, await getTrigger(ctx, params.id)),
);

triggers.add(
  {
    method: "patch",
    path: "/v1/triggers/{id}",
    id: "updateTrigger",
    tag,
    summary: "Change a trigger",
    access: "runs:write",
    params: ById,
    body: TriggerPatch,
    returns: { 200: Trigger },
    conditional: true,
    problems: ["conflict"],
  },
  async ({ ctx, params, body }) => reply(200, await updateTrigger(ctx, params.id, body)),
);

triggers.add(
  {
    method: "delete",
    path: "/v1/triggers/{id}",
    id: "deleteTrigger",
    tag,
    summary: "Forget a trigger; runs that it started go on",
    access: "runs:write",
    params: ById,
    returns: { 204: null },
    conditional: true,
  },
  async ({ ctx, params }) => {
    await deleteTrigger(ctx, params.id);
    return noContent();
  },
);
