import * as z from "zod";
import { Plan } from "../tenants/plan.ts";
import { Reason } from "./limit.ts";

export const OperatorTenant = z
  .object({
    id: z.string(),
    name: z.string(),
    plan: Plan,
    suspendedAt: z.iso.datetime().nullable(),
    suspendedReason: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "OperatorTenant", description: "A tenant as the operator of the platform sees it" });
export type OperatorTenant = z.infer<typeof OperatorTenant>;

export const PlanChange = z
  .strictObject({
    plan: Plan,
    reason: Reason,
    periodAnchorAt: z.iso
      .datetime()
      .optional()
      .meta({ description: "When its billing periods began; by calendar month until set" }),
  })
  .meta({ id: "PlanChange" });
export type PlanChange = z.infer<typeof PlanChange>;

export const Suspension = z.strictObject({ reason: Reason }).meta({ id: "Suspension" });
export type Suspension = z.infer<typeof Suspension>;

export const Resumption = z.strictObject({ reason: Reason.optional() }).meta({ id: "Resumption" });
export type Resumption = z.infer<typeof Resumption>;
