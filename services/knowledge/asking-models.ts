import type { Actor } from "../../domain/kernel/actor.ts";
import type { ServiceContext } from "../context.ts";

/**
 * The same actor with the right to call models. What a search or an answer needs of a model is the platform's own act, so who
 * may read the knowledge needs no right to call models at will; the call is still recorded under the actor and the tenant.
 */
export function askingModels(ctx: ServiceContext): ServiceContext {
  return { ...ctx, actor: caller(ctx.actor) };
}

function caller(actor: Actor): Actor {
  switch (actor.kind) {
    case "user":
      return { ...actor, role: "owner" };
    case "api-key":
      return { ...actor, role: "owner", scopes: ["llm:write"] };
    case "system":
    case "operator":
      return actor;
  }
}
