import * as z from "zod";
import { BreakerView } from "../../../domain/llm/breaker-view.ts";
import { ModelPerformance } from "../../../domain/llm/model-performance.ts";
import { ModelRouteName } from "../../../domain/llm/model-route.ts";
import { forgetAnswers } from "../../../services/llm/forget-answers.ts";
import { listBreakers } from "../../../services/llm/list-breakers.ts";
import { measureModels } from "../../../services/llm/measure-models.ts";
import { reply, routes } from "../operation.ts";

/** How the models do, and what is done about it. Mounted before OpenAI's surface, whose `/v1/models/{id}` takes any name. */
export const modelOperations = routes();

const TargetName = z
  .string()
  .regex(/^[^/]+\/./, "must be provider/model")
  .max(256);
const Time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

modelOperations.add(
  {
    method: "get",
    path: "/v1/breakers",
    id: "listBreakers",
    tag: "LLM gateway",
    summary: "The circuit breakers of the models and endpoints that were called of late, or have ever opened",
    access: "llm:read",
    returns: { 200: z.object({ data: z.array(BreakerView) }) },
    problems: ["unavailable"],
  },
  async ({ ctx }) => reply(200, { data: await listBreakers(ctx) }),
);

modelOperations.add(
  {
    method: "delete",
    path: "/v1/cache",
    id: "clearCache",
    tag: "LLM gateway",
    summary: "Forgets cached answers: of a route, of a model, of both, or all",
    access: "settings:write",
    query: z.strictObject({ route: ModelRouteName.optional(), model: TargetName.optional() }),
    returns: { 204: null },
    problems: ["unavailable"],
  },
  async ({ ctx, query }) => {
    const removed = await forgetAnswers(ctx, query);
    return new Response(null, { status: 204, headers: { "x-weft-cache-removed": String(removed) } });
  },
);

modelOperations.add(
  {
    method: "get",
    path: "/v1/models/performance",
    id: "getModelPerformance",
    tag: "LLM gateway",
    summary:
      "Latency, error rate, cost, ratings and cache hits by model and route version; the last seven days where no time is given",
    access: "llm:read",
    query: z.strictObject({
      model: TargetName.optional(),
      route: ModelRouteName.optional(),
      from: Time.optional(),
      to: Time.optional(),
    }),
    returns: { 200: z.object({ data: z.array(ModelPerformance) }) },
  },
  async ({ ctx, query }) => reply(200, { data: await measureModels(ctx, query) }),
);
