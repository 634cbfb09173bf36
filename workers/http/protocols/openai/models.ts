import * as z from "zod";
import { SECOND_MS } from "../../../../domain/kernel/time.ts";
import { getModel, type ListedModel, listModels } from "../../../../services/llm/list-models.ts";
import { type Routes, reply } from "../../operation.ts";

const Model = z
  .strictObject({ id: z.string(), object: z.literal("model"), created: z.int(), owned_by: z.string() })
  .meta({ id: "Model", example: { id: "local/extractive", object: "model", created: 0, owned_by: "local" } });
type Model = z.infer<typeof Model>;

export function addModels(routes: Routes): void {
  routes.add(
    {
      method: "get",
      path: "/v1/models",
      id: "listModels",
      tag: "LLM gateway",
      summary: "The models of every provider in reach",
      access: "llm:read",
      returns: { 200: z.object({ object: z.literal("list"), data: z.array(Model) }) },
    },
    async ({ ctx }) => reply(200, { object: "list", data: (await listModels(ctx)).map(toModel) }),
  );

  routes.add(
    {
      method: "get",
      // Ids hold slashes, encoded or not.
      path: "/v1/models/{id}{.+}",
      id: "getModel",
      tag: "LLM gateway",
      summary: "One model",
      access: "llm:read",
      params: z.strictObject({ id: z.string().min(1).max(256) }),
      returns: { 200: Model },
    },
    async ({ ctx, params }) => reply(200, toModel(await getModel(ctx, params.id))),
  );
}

/** Not all providers tell when a model was made; OpenAI's clients only ask that there is a number. */
function toModel({ id, provider, createdAt }: ListedModel): Model {
  return { id, object: "model", created: Math.floor((createdAt ?? 0) / SECOND_MS), owned_by: provider };
}
