import { Hono } from "hono";
import type { HttpEnv } from "../../env.ts";
import { type Routes, routes } from "../../operation.ts";
import { answerOpenAiError } from "./answer-error.ts";
import { addChatCompletions } from "./chat-completions.ts";
import { addEmbeddings } from "./embeddings.ts";
import { addModels } from "./models.ts";

/** OpenAI's surface: the operations of the platform, with every error in OpenAI's shape. */
export const openai: Routes = openAiRoutes();

function openAiRoutes(): Routes {
  const surface = routes();
  addChatCompletions(surface);
  addEmbeddings(surface);
  addModels(surface);
  return {
    operations: surface.operations.map((operation) => ({
      ...operation,
      path: operation.path.replace("{.+}", "") as `/${string}`,
      errors: "openai",
    })),
    add: surface.add,
    mount(app) {
      const own = new Hono<HttpEnv>();
      own.onError(answerOpenAiError);
      surface.mount(own);
      app.route("/", own);
    },
  };
}
