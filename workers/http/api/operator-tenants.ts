import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { LimitOverrides, Limits } from "../../../domain/limits/limit.ts";
import { OperatorTenant, PlanChange, Resumption, Suspension } from "../../../domain/limits/operator-tenant.ts";
import { listOperatorTenants, loadOperatorTenant } from "../../../services/limits/operator-tenants.ts";
import { setLimits } from "../../../services/limits/set-limits.ts";
import { setPlan } from "../../../services/limits/set-plan.ts";
import { resumeTenant, suspendTenant } from "../../../services/limits/suspend-tenant.ts";
import { listOf } from "../listing.ts";
import { reply, routes } from "../operation.ts";

export const operatorTenants = routes();
const tag = "Operator";
const params = z.strictObject({ id: z.string().max(64) });

operatorTenants.add(
  {
    method: "get",
    path: "/v1/operator/tenants",
    id: "listOperatorTenants",
    tag,
    summary: "Every tenant of the platform, newest first",
    access: "operator",
    query: PageRequest,
    returns: { 200: listOf(OperatorTenant) },
  },
  async ({ ctx, query }) => reply(200, await listOperatorTenants(ctx, query)),
);

operatorTenants.add(
  {
    method: "get",
    path: "/v1/operator/tenants/{id}",
    id: "getOperatorTenant",
    tag,
    summary: "One tenant: its plan and whether it is suspended",
    access: "operator",
    params,
    returns: { 200: OperatorTenant },
  },
  async ({ ctx, params: { id } }) => reply(200, await loadOperatorTenant(ctx, id)),
);

operatorTenants.add(
  {
    method: "put",
    path: "/v1/operator/tenants/{id}/limits",
    id: "setTenantLimits",
    tag,
    summary: "Set limits apart from the tenant's plan: all of them at once, in force everywhere within 3 seconds",
    access: "operator",
    params,
    body: LimitOverrides,
    returns: { 200: Limits },
    problems: ["unavailable"],
  },
  async ({ ctx, params: { id }, body }) => reply(200, await setLimits(ctx, id, body)),
);

operatorTenants.add(
  {
    method: "put",
    path: "/v1/operator/tenants/{id}/plan",
    id: "setTenantPlan",
    tag,
    summary: "Put the tenant on another plan",
    access: "operator",
    params,
    body: PlanChange,
    returns: { 200: OperatorTenant },
  },
  async ({ ctx, params: { id }, body }) => reply(200, await setPlan(ctx, id, body)),
);

operatorTenants.add(
  {
    method: "post",
    path: "/v1/operator/tenants/{id}/suspend",
    id: "suspendTenant",
    tag,
    summary: "Suspend the tenant: its people may read and export, its keys, deliveries and schedules stop",
    access: "operator",
    params,
    body: Suspension,
    returns: { 200: OperatorTenant },
  },
  async ({ ctx, params: { id }, body }) => reply(200, await suspendTenant(ctx, id, body)),
);

operatorTenants.add(
  {
    method: "post",
    path: "/v1/operator/tenants/{id}/resume",
    id: "resumeTenant",
    tag,
    summary: "End the suspension",
    access: "operator",
    params,
    body: Resumption,
    returns: { 200: OperatorTenant },
  },
  async ({ ctx, params: { id }, body }) => reply(200, await resumeTenant(ctx, id, body)),
);
