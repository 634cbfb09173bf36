import type { Permission, Role } from "./permission.ts";

/** Who acts. `role` is the present role in the tenant; an API key's is that of the member who made it. */
export type Actor =
  | { kind: "user"; userId: string; sessionId: string; role: Role }
  | { kind: "api-key"; keyId: string; createdBy: string; role: Role; scopes: readonly (Permission | "*")[] }
  | { kind: "system"; name: string }
  | { kind: "operator" };

/** The actor as the audit log names it. */
export function actorReference(actor: Actor): { type: Actor["kind"]; id: string } {
  switch (actor.kind) {
    case "user":
      return { type: "user", id: actor.userId };
    case "api-key":
      return { type: "api-key", id: actor.keyId };
    case "system":
      return { type: "system", id: actor.name };
    case "operator":
      return { type: "operator", id: "operator" };
  }
}
