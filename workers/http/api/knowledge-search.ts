import * as z from "zod";
import { Job } from "../../../domain/jobs/job.ts";
import { Answer, AnswerRequest } from "../../../domain/knowledge/answer.ts";
import { EvaluationRequest } from "../../../domain/knowledge/evaluation/evaluation.ts";
import { SearchRequest, SearchResponse } from "../../../domain/knowledge/search.ts";
import { answerQuestion } from "../../../services/knowledge/answer-question.ts";
import { searchKnowledge } from "../../../services/knowledge/search-knowledge.ts";
import { startEvaluation } from "../../../services/knowledge/start-evaluation.ts";
import { streamAnswer } from "../../../services/knowledge/stream-answer.ts";
import { reply, routes } from "../operation.ts";
import { answerStream } from "./answer-stream.ts";

export const knowledgeSearch = routes();
const tag = "Knowledge";
// A judged query takes some hundred bytes; the longest ones do not come by the thousand.
const MAX_EVALUATION_BYTES = 4 * 1_048_576;
const params = z.object({ id: z.string() });

knowledgeSearch.add(
  {
    method: "post",
    path: "/v1/knowledge-bases/{id}/search",
    id: "searchKnowledge",
    tag,
    summary: "The passages that bear on a query, best first",
    access: "knowledge:read",
    params,
    body: SearchRequest,
    returns: { 200: SearchResponse },
    problems: ["provider-failed", "provider-timeout", "provider-refused", "quota-exceeded", "unavailable"],
  },
  async ({ ctx, params, body }) => reply(200, await searchKnowledge(ctx, params.id, body)),
);

knowledgeSearch.add(
  {
    method: "post",
    path: "/v1/knowledge-bases/{id}/answer",
    id: "answerQuestion",
    tag,
    summary:
      "An answer from one or several knowledge bases, with verbatim citations; with `stream`, as server-sent events `delta`, `citations`, `done`",
    access: "knowledge:read",
    params,
    body: AnswerRequest,
    returns: { 200: Answer },
    streams: true,
    problems: ["provider-failed", "provider-timeout", "provider-refused", "quota-exceeded", "unavailable"],
  },
  async ({ ctx, params, body, http }) => {
    const call = { signal: http.req.raw.signal };
    return body.stream
      ? answerStream(await streamAnswer(ctx, params.id, body, call), ctx)
      : reply(200, await answerQuestion(ctx, params.id, body, call));
  },
);

knowledgeSearch.add(
  {
    method: "post",
    path: "/v1/knowledge-bases/{id}/evaluations",
    id: "evaluateKnowledge",
    tag,
    summary:
      "Measure searches against judgements, or two ways of searching side by side; the job's `result` holds the figures",
    access: "knowledge:write",
    params,
    body: EvaluationRequest,
    maxBytes: MAX_EVALUATION_BYTES,
    returns: { 202: Job },
  },
  async ({ ctx, params, body }) => {
    const job = await startEvaluation(ctx, params.id, body);
    return reply(202, job, { location: `/v1/jobs/${job.id}` });
  },
);
