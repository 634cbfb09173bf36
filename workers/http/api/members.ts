import * as z from "zod";
import { Invitation, InvitationAcceptance, NewInvitation } from "../../../domain/identity/invitation.ts";
import { Member, MemberPatch, Membership } from "../../../domain/identity/membership.ts";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { acceptInvitation } from "../../../services/identity/accept-invitation.ts";
import { changeMemberRole } from "../../../services/identity/change-member-role.ts";
import { createInvitation } from "../../../services/identity/create-invitation.ts";
import { getInvitation, listInvitations } from "../../../services/identity/list-invitations.ts";
import { getMember, listMembers } from "../../../services/identity/list-members.ts";
import { removeMember } from "../../../services/identity/remove-member.ts";
import { revokeInvitation } from "../../../services/identity/revoke-invitation.ts";
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
    method: "get",
    path: "/v1/members/{userId}",
    id: "getMember",
    tag,
    summary: "One of the tenant's members",
    access: "members:read",
    params,
    returns: { 200: Member },
    conditional: true,
    problems: ["not-found"],
  },
  async ({ ctx, params }) => reply(200, await getMember(ctx, params.userId)),
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
    conditional: true,
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
    conditional: true,
    problems: ["not-found", "last-owner"],
  },
  async ({ ctx, params }) => {
    await removeMember(ctx, params.userId);
    return noContent();
  },
);

members.add(
  {
    method: "get",
    path: "/v1/invitations",
    id: "listInvitations",
    tag,
    summary: "Invitations that can still be accepted",
    access: "members:write",
    query: PageRequest,
    returns: { 200: listOf(Invitation) },
  },
  async ({ ctx, query }) => reply(200, await listInvitations(ctx, query)),
);

members.add(
  {
    method: "post",
    path: "/v1/invitations",
    id: "createInvitation",
    tag,
    summary: "Invite someone by e-mail",
    access: "members:write",
    body: NewInvitation,
    returns: { 201: Invitation },
    problems: ["conflict", "quota-exceeded", "tenant-suspended"],
  },
  async ({ ctx, body }) => reply(201, await createInvitation(ctx, body)),
);

members.add(
  {
    method: "post",
    path: "/v1/invitations/accept",
    id: "acceptInvitation",
    tag,
    summary: "Join the inviting tenant with the token that was mailed",
    access: "signed-in",
    body: InvitationAcceptance,
    returns: { 200: Membership },
    problems: ["not-found", "conflict", "email-not-verified", "quota-exceeded", "tenant-suspended"],
  },
  async ({ ctx, body }) => reply(200, await acceptInvitation(ctx, body.token)),
);

members.add(
  {
    method: "get",
    path: "/v1/invitations/{id}",
    id: "getInvitation",
    tag,
    summary: "An invitation that can still be accepted",
    access: "members:write",
    params: z.object({ id: z.string() }),
    returns: { 200: Invitation },
    problems: ["not-found"],
  },
  async ({ ctx, params }) => reply(200, await getInvitation(ctx, params.id)),
);

members.add(
  {
    method: "delete",
    path: "/v1/invitations/{id}",
    id: "revokeInvitation",
    tag,
    summary: "Take an invitation back",
    access: "members:write",
    params: z.object({ id: z.string() }),
    returns: { 204: null },
    problems: ["not-found"],
  },
  async ({ ctx, params }) => {
    await revokeInvitation(ctx, params.id);
    return noContent();
  },
);
