import { Membership } from "../../../domain/identity/membership.ts";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { NewTenant, Tenant, TenantPatch } from "../../../domain/tenants/tenant.ts";
import { createTenant } from "../../../services/identity/create-tenant.ts";
import { deleteTenant } from "../../../services/identity/delete-tenant.ts";
import { listMemberships } from "../../../services/identity/list-memberships.ts";
import { loadCurrentTenant } from "../../../services/tenants/load-tenant.ts";
import { updateTenant } from "../../../services/tenants/update-tenant.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

export const tenants = routes();
const tag = "Tenants";

tenants.add(
  {
    method: "get",
    path: "/v1/tenants",
    id: "listTenants",
    tag,
    summary: "The tenants that the user is a member of",
    access: "signed-in",
    query: PageRequest,
    returns: { 200: listOf(Membership) },
  },
  async ({ ctx, query }) => reply(200, await listMemberships(ctx, query)),
);

tenants.add(
  {
    method: "post",
    path: "/v1/tenants",
    id: "createTenant",
    tag,
    summary: "Create a further tenant, owned by the caller",
    access: "signed-in",
    body: NewTenant,
    returns: { 201: Tenant },
  },
  async ({ ctx, body }) => reply(201, await createTenant(ctx, body)),
);

tenants.add(
  {
    method: "get",
    path: "/v1/tenant",
    id: "getTenant",
    tag,
    summary: "The tenant of the credential",
    access: "settings:read",
    returns: { 200: Tenant },
    conditional: true,
  },
  async ({ ctx }) => reply(200, await loadCurrentTenant(ctx)),
);

tenants.add(
  {
    method: "patch",
    path: "/v1/tenant",
    id: "updateTenant",
    tag,
    summary: "Change the tenant's name or settings",
    access: "settings:write",
    body: TenantPatch,
    returns: { 200: Tenant },
    conditional: true,
  },
  async ({ ctx, body }) => reply(200, await updateTenant(ctx, body)),
);

tenants.add(
  {
    method: "delete",
    path: "/v1/tenant",
    id: "deleteTenant",
    tag,
    summary: "Close the tenant: every session, key and invitation ends",
    access: "tenant:delete",
    returns: { 204: null },
  },
  async ({ ctx }) => {
    await deleteTenant(ctx);
    return noContent();
  },
);
