import * as z from "zod";

export const Plan = z
  .enum(["free", "pro", "enterprise"])
  .meta({ id: "Plan", description: "What a tenant subscribed to" });
export type Plan = z.infer<typeof Plan>;

/** What a tenant without a subscription has. */
export const DEFAULT_PLAN: Plan = "free";
