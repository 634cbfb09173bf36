import * as z from "zod";
import { SecondFactorReset } from "../../../domain/identity/second-factor.ts";
import { resetSecondFactor } from "../../../services/identity/reset-second-factor.ts";
import { noContent, routes } from "../operation.ts";

export const operatorUsers = routes();

operatorUsers.add(
  {
    method: "post",
    path: "/v1/operator/users/{id}/second-factor/reset",
    id: "resetSecondFactor",
    tag: "Operator",
    summary: "Take away the second factor of a person who lost it; every session of theirs ends and they are told",
    access: "operator",
    params: z.strictObject({ id: z.string().max(64) }),
    body: SecondFactorReset,
    returns: { 204: null },
    problems: ["not-found", "conflict"],
  },
  async ({ ctx, params: { id }, body }) => {
    await resetSecondFactor(ctx, id, body);
    return noContent();
  },
);
