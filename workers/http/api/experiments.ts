import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { DriftReport } from "../../../domain/llm/drift.ts";
import { CreateExperiment, Experiment } from "../../../domain/llm/experiment.ts";
import { ExperimentResults } from "../../../domain/llm/experiment-results.ts";
import { Feedback, GiveFeedback } from "../../../domain/llm/feedback.ts";
import { createExperiment } from "../../../services/llm/create-experiment.ts";
import { giveFeedback } from "../../../services/llm/give-feedback.ts";
import { listDriftReports } from "../../../services/llm/list-drift-reports.ts";
import { getExperiment, getExperimentResults, listExperiments } from "../../../services/llm/list-experiments.ts";
import { stopExperiment } from "../../../services/llm/stop-experiment.ts";
import { reply, routes } from "../operation.ts";

const params = z.strictObject({ id: z.string() });
const tag = "LLM gateway";

export const experiments = routes();

experiments.add(
  {
    method: "get",
    path: "/v1/experiments",
    id: "listExperiments",
    tag,
    summary: "The tenant's experiments, the latest first",
    access: "llm:read",
    query: PageRequest,
    returns: { 200: z.object({ data: z.array(Experiment), nextCursor: z.string().nullable() }) },
  },
  async ({ ctx, query }) => reply(200, await listExperiments(ctx, query)),
);

experiments.add(
  {
    method: "post",
    path: "/v1/experiments",
    id: "createExperiment",
    tag,
    summary: "Splits the calls of a model route between variants, each subject always to the same one",
    access: "settings:write",
    body: CreateExperiment,
    returns: { 201: Experiment },
    problems: ["conflict"],
  },
  async ({ ctx, body }) => reply(201, await createExperiment(ctx, body)),
);

experiments.add(
  {
    method: "get",
    path: "/v1/experiments/{id}",
    id: "getExperiment",
    tag,
    summary: "One experiment",
    access: "llm:read",
    params,
    returns: { 200: Experiment },
  },
  async ({ ctx, params }) => reply(200, await getExperiment(ctx, params.id)),
);

experiments.add(
  {
    method: "post",
    path: "/v1/experiments/{id}",
    id: "updateExperiment",
    tag,
    summary: "Stops an experiment",
    access: "settings:write",
    params,
    body: z.strictObject({ status: z.literal("stopped") }).meta({ id: "UpdateExperiment" }),
    returns: { 200: Experiment },
    problems: ["conflict"],
  },
  async ({ ctx, params }) => reply(200, await stopExperiment(ctx, params.id)),
);

experiments.add(
  {
    method: "get",
    path: "/v1/experiments/{id}/results",
    id: "getExperimentResults",
    tag,
    summary: "Latency, errors, refusals, cost and ratings of every variant beside the control's",
    access: "llm:read",
    params,
    returns: { 200: ExperimentResults },
  },
  async ({ ctx, params }) => reply(200, await getExperimentResults(ctx, params.id)),
);

experiments.add(
  {
    method: "get",
    path: "/v1/drift",
    id: "listDriftReports",
    tag,
    summary: "Whether models and routes answer otherwise than in the week before: the last look at each",
    access: "llm:read",
    returns: { 200: z.object({ data: z.array(DriftReport.extend({ at: z.iso.datetime() })) }) },
  },
  async ({ ctx }) => reply(200, { data: await listDriftReports(ctx) }),
);

experiments.add(
  {
    method: "post",
    path: "/v1/feedback",
    id: "giveFeedback",
    tag,
    summary: "Rates an answer; a second rating of the same caller replaces the first",
    access: "llm:write",
    body: GiveFeedback,
    returns: { 201: Feedback },
  },
  async ({ ctx, body }) => reply(201, await giveFeedback(ctx, body)),
);
