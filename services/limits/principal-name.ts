import { type Actor, actorReference } from "../../domain/kernel/actor.ts";

/** Whom calls are counted against: `user:usr_...`, `key:key_...`. */
export function principalName(actor: Actor): string {
  const { type, id } = actorReference(actor);
  return `${type === "api-key" ? "key" : type}:${id}`;
}
