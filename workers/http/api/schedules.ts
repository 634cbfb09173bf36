import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { NewSchedule, Schedule, SchedulePatch } from "../../../domain/workflows/schedule.ts";
import { getSchedule, listSchedules } from "../../../services/workflows/find-schedule.ts";
import { createSchedule, deleteSchedule, updateSchedule } from "../../../services/workflows/put-schedule.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

const tag = "Schedules";
const ById = z.object({ id: z.string() });

export const schedules = routes();

schedules.add(
  {
    method: "post",
    path: "/v1/schedules",
    id: "createSchedule",
    tag,
    summary: "Start a workflow by the clock",
    access: "runs:write",
    body: NewSchedule,
    returns: { 201: Schedule },
    problems: ["conflict"],
  },
  async ({ ctx, body }) => {
    const schedule = await createSchedule(ctx, body);
    return reply(201, schedule, { location: `/v1/schedules/${schedule.id}` });
  },
);

schedules.add(
  {
    method: "get",
    path: "/v1/schedules",
    id: "listSchedules",
    tag,
    summary: "Schedules, newest first",
    access: "runs:read",
    query: PageRequest,
    returns: { 200: listOf(Schedule) },
  },
  async ({ ctx, query }) => reply(200, await listSchedules(ctx, query)),
);

schedules.add(
  {
    method: "get",
    path: "/v1/schedules/{id}",
    id: "getSchedule",
    tag,
    summary: "One schedule, with its next tick",
    access: "runs:read",
    params: ById,
    returns: { 200: Schedule },
    conditional: true,
  },
  async ({ ctx, params }) => reply(200, await getSchedule(ctx, params.id)),
);

schedules.add(
  {
    method: "patch",
    path: "/v1/schedules/{id}",
    id: "updateSchedule",
    tag,
    summary: "Change a schedule; another cron, time zone or `enabled` makes up no earlier ticks",
    access: "runs:write",
    params: ById,
    body: SchedulePatch,
    returns: { 200: Schedule },
    conditional: true,
    problems: ["conflict"],
  },
  async ({ ctx, params, body }) => reply(200, await updateSchedule(ctx, params.id, body)),
);

schedules.add(
  {
    method: "delete",
    path: "/v1/schedules/{id}",
    id: "deleteSchedule",
    tag,
    summary: "Forget a schedule; runs that it started go on",
    access: "runs:write",
    params: ById,
    returns: { 204: null },
    conditional: true,
  },
  async ({ ctx, params }) => {
    await deleteSchedule(ctx, params.id);
    return noContent();
  },
);
