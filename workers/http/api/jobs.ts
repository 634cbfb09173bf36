import * as z from "zod";
import { Job } from "../../../domain/jobs/job.ts";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { cancelJob, getJob, ListJobs, listJobs, retryJob } from "../../../services/jobs/jobs.ts";
import { abandonDocument } from "../../../services/knowledge/abandon-document.ts";
import { listOf } from "../listing.ts";
import { reply, routes } from "../operation.ts";

const tag = "Jobs";
const ById = z.object({ id: z.string() });

export const jobs = routes();

jobs.add(
  {
    method: "get",
    path: "/v1/jobs",
    id: "listJobs",
    tag,
    summary: "Jobs, newest first",
    access: "jobs:read",
    query: ListJobs,
    returns: { 200: listOf(Job) },
  },
  async ({ ctx, query }) => reply(200, await listJobs(ctx, query)),
);

jobs.add(
  {
    method: "get",
    path: "/v1/jobs/dead-letters",
    id: "listDeadLetters",
    tag,
    summary: "Jobs that failed for good, with their cause",
    access: "jobs:read",
    query: PageRequest,
    returns: { 200: listOf(Job) },
  },
  async ({ ctx, query }) => reply(200, await listJobs(ctx, { ...query, status: "failed" })),
);

jobs.add(
  {
    method: "get",
    path: "/v1/jobs/{id}",
    id: "getJob",
    tag,
    summary: "One job",
    access: "jobs:read",
    params: ById,
    returns: { 200: Job },
  },
  async ({ ctx, params }) => reply(200, await getJob(ctx, params.id)),
);

jobs.add(
  {
    method: "post",
    path: "/v1/jobs/{id}/retry",
    id: "retryJob",
    tag,
    summary: "Run a failed job again",
    access: "jobs:write",
    params: ById,
    returns: { 202: Job },
    problems: ["conflict"],
  },
  async ({ ctx, params }) => reply(202, await retryJob(ctx, params.id)),
);

jobs.add(
  {
    method: "post",
    path: "/v1/jobs/{id}/cancel",
    id: "cancelJob",
    tag,
    summary: "Take back a job that has not begun",
    access: "jobs:write",
    params: ById,
    returns: { 200: Job },
    problems: ["conflict"],
  },
  async ({ ctx, params }) => {
    const { job, task } = await cancelJob(ctx, params.id);
    if (task.type === "document.ingest") await abandonDocument(ctx, task.payload);
    return reply(200, job);
  },
);
