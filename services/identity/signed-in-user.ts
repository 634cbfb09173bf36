import type { Actor } from "../../domain/kernel/actor.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";

/** The person who acts. Refuses keys and the system: what is a person's own cannot be done on their behalf. */
export function signedInUser(ctx: ServiceContext): Actor & { kind: "user" } {
  if (ctx.actor.kind === "user") return ctx.actor;
  throw problem("forbidden", { detail: "This needs a signed-in user; an API key belongs to its tenant." });
}

export type RoleHolder = Extract<Actor, { kind: "user" | "api-key" }>;

/** The actor as one who holds a role in the tenant: a person, or a key bounded by its maker's role. */
export function roleHolder(ctx: ServiceContext): RoleHolder {
  const { actor } = ctx;
  if (actor.kind === "user" || actor.kind === "api-key") return actor;
  throw problem("forbidden");
}

/** The member in whose name the actor acts. */
export function memberBehind(actor: RoleHolder): string {
  return actor.kind === "user" ? actor.userId : actor.createdBy;
}
