import * as z from "zod";
import {
  EmailVerification,
  ForgottenPassword,
  PasswordChange,
  PasswordReset,
  Restoration,
} from "../../../domain/identity/account.ts";
import { RefreshRequest, Session, TokenPair } from "../../../domain/identity/session.ts";
import { Login, Registration, SignedIn, User } from "../../../domain/identity/user.ts";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { changePassword } from "../../../services/identity/change-password.ts";
import { endOtherSessions, endSession, logOut } from "../../../services/identity/end-session.ts";
import { getSession, listSessions } from "../../../services/identity/list-sessions.ts";
import { logIn } from "../../../services/identity/log-in.ts";
import { refreshSession } from "../../../services/identity/refresh-session.ts";
import { registerUser } from "../../../services/identity/register-user.ts";
import { forgetPassword, resetPassword } from "../../../services/identity/reset-password.ts";
import { restore } from "../../../services/identity/restore.ts";
import { requestVerification } from "../../../services/identity/send-verification.ts";
import { switchTenant } from "../../../services/identity/switch-tenant.ts";
import { verifyEmail } from "../../../services/identity/verify-email.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

export const auth = routes();
const tag = "Identity";

auth.add(
  {
    method: "post",
    path: "/v1/auth/register",
    id: "register",
    tag,
    summary: "Register with a first tenant, signed in as its owner",
    access: "public",
    body: Registration,
    returns: { 201: SignedIn },
    problems: ["email-taken", "rate-limited"],
  },
  async ({ ctx, body }) => reply(201, await registerUser(ctx, body)),
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/login",
    id: "logIn",
    tag,
    summary: "Sign in with e-mail and password",
    access: "public",
    body: Login,
    returns: { 200: SignedIn },
    problems: ["unauthenticated", "second-factor-required", "rate-limited"],
  },
  async ({ ctx, body }) => reply(200, await logIn(ctx, body)),
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/refresh",
    id: "refreshSession",
    tag,
    summary: "Exchange a refresh token for the next pair",
    access: "public",
    body: RefreshRequest,
    returns: { 200: TokenPair },
    problems: ["unauthenticated"],
  },
  async ({ ctx, body }) => reply(200, await refreshSession(ctx, body.refreshToken)),
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/logout",
    id: "logOut",
    tag,
    summary: "End the present session at once",
    access: "signed-in",
    returns: { 204: null },
  },
  async ({ ctx }) => {
    await logOut(ctx);
    return noContent();
  },
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/switch-tenant",
    id: "switchTenant",
    tag,
    summary: "Open a session in another tenant of the user's",
    access: "signed-in",
    body: z.strictObject({ tenantId: z.string().max(64) }).meta({ id: "TenantSwitch" }),
    returns: { 200: SignedIn },
    problems: ["not-found", "tenant-suspended"],
  },
  async ({ ctx, body }) => reply(200, await switchTenant(ctx, body.tenantId)),
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/verify-email",
    id: "verifyEmail",
    tag,
    summary: "Confirm an e-mail address with the token that was mailed to it",
    access: "public",
    body: EmailVerification,
    returns: { 200: User },
  },
  async ({ ctx, body }) => reply(200, await verifyEmail(ctx, body.token)),
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/restore",
    id: "restore",
    tag,
    summary: "Bring a deleted account or tenant back, with the token that was mailed when it was deleted",
    access: "public",
    body: Restoration,
    returns: { 204: null },
    problems: ["conflict"],
  },
  async ({ ctx, body }) => {
    await restore(ctx, body.token);
    return noContent();
  },
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/verify-email/resend",
    id: "requestVerification",
    tag,
    summary: "Mail another token to confirm the user's e-mail address",
    access: "signed-in",
    returns: { 204: null },
    problems: ["conflict", "rate-limited"],
  },
  async ({ ctx }) => {
    await requestVerification(ctx);
    return noContent();
  },
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/password/change",
    id: "changePassword",
    tag,
    summary: "Change the password; every session ends and the answer opens a new one",
    access: "signed-in",
    body: PasswordChange,
    returns: { 200: SignedIn },
    problems: ["rate-limited"],
  },
  async ({ ctx, body }) => reply(200, await changePassword(ctx, body)),
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/password/forgot",
    id: "forgetPassword",
    tag,
    summary: "Mail a token to choose a new password; the answer is the same for an unknown address",
    access: "public",
    body: ForgottenPassword,
    returns: { 204: null },
    problems: ["rate-limited"],
  },
  async ({ ctx, body }) => {
    await forgetPassword(ctx, body.email);
    return noContent();
  },
);

auth.add(
  {
    method: "post",
    path: "/v1/auth/password/reset",
    id: "resetPassword",
    tag,
    summary: "Choose a new password with the token that was mailed; every session ends",
    access: "public",
    body: PasswordReset,
    returns: { 204: null },
  },
  async ({ ctx, body }) => {
    await resetPassword(ctx, body);
    return noContent();
  },
);

auth.add(
  {
    method: "get",
    path: "/v1/auth/sessions",
    id: "listSessions",
    tag,
    summary: "The user's live sessions",
    access: "signed-in",
    query: PageRequest,
    returns: { 200: listOf(Session) },
  },
  async ({ ctx, query }) => reply(200, await listSessions(ctx, query)),
);

auth.add(
  {
    method: "delete",
    path: "/v1/auth/sessions",
    id: "endOtherSessions",
    tag,
    summary: "End every session of the user but this one at once",
    access: "signed-in",
    returns: { 204: null },
  },
  async ({ ctx }) => {
    await endOtherSessions(ctx);
    return noContent();
  },
);

auth.add(
  {
    method: "get",
    path: "/v1/auth/sessions/{id}",
    id: "getSession",
    tag,
    summary: "One of the user's live sessions",
    access: "signed-in",
    params: z.object({ id: z.string() }),
    returns: { 200: Session },
    problems: ["not-found"],
  },
  async ({ ctx, params }) => reply(200, await getSession(ctx, params.id)),
);

auth.add(
  {
    method: "delete",
    path: "/v1/auth/sessions/{id}",
    id: "endSession",
    tag,
    summary: "End one of the user's sessions at once",
    access: "signed-in",
    params: z.object({ id: z.string() }),
    returns: { 204: null },
    problems: ["not-found"],
  },
  async ({ ctx, params }) => {
    await endSession(ctx, params.id);
    return noContent();
  },
);

auth.add(
  {
    method: "get",
    path: "/.well-known/jwks.json",
    id: "getKeySet",
    tag,
    summary: "The public keys that verify access tokens (RFC 7517)",
    access: "public",
    returns: { 200: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).meta({ id: "KeySet" }) },
  },
  async ({ ctx }) =>
    // A new key is published this long before it signs.
    reply(200, await ctx.ports.tokenSigner.jwks(), { "cache-control": "public, max-age=300" }),
);
