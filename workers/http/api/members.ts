import * as z from "zod";
import { Member, MemberPatch } from "../../../domain/identity/membership.ts";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { changeMemberRole } from "../../../services/identity/change-member-role.ts";
import { listMembers } from "../../../services/identity/list-members.ts";
import { removeMember } from "../../../services/identity/remove-member.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

export const members = routes();
const tag = "Tenants";
const params = z.object({ userId: z.string() });

members.add(
  {
    method: "get",
    path: "/v1/members",
    id: "listMembers",
    tag,
    summary: "The tenant's members",
    access: "members:read",
    query: PageRequest,
    returns: { 200: listOf(Member) },
  },
  async ({ ctx, query }) => reply(200, await listMembers(ctx, query)),
);

members.add(
  {
    method: "patch",
    path: "/v1/members/{userId}",
    id: "changeMemberRole",
    tag,
    summary: "Give a member another role",
    access: "members:write",
    params,
    body: MemberPatch,
    returns: { 200: Member },
    problems: ["not-found", "last-owner"],
  },
  async ({ ctx, params, body }) => reply(200, await changeMemberRole(ctx, params.userId, body)),
);

members.add(
  {
    method: "delete",
    path: "/v1/members/{userId}",
    id: "removeMember",
    tag,
    summary: "Remove a member, or leave the tenant",
    access: "signed-in",
    params,
    returns: { 204: null },
    problems: ["not-found", "last-owner"],
  },
  async ({ ctx, params }) => {
    await removeMember(ctx, params.userId);
    return noContent();
  },
);
