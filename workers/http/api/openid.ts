import {
  OpenIdConnection,
  OpenIdFinish,
  OpenIdStart,
  OpenIdStarted,
  PutOpenIdConnection,
} from "../../../domain/identity/openid.ts";
import { SignedIn } from "../../../domain/identity/user.ts";
import {
  deleteOpenIdConnection,
  getOpenIdConnection,
  putOpenIdConnection,
} from "../../../services/identity/openid-connection.ts";
import { finishOpenIdSignIn, startOpenIdSignIn } from "../../../services/identity/openid-sign-in.ts";
import { noContent, reply, routes } from "../operation.ts";

export const openId = routes();
const tag = "Identity";
const path = "/v1/tenant/openid-connection";

openId.add(
  {
    ...{ method: "get", path, id: "getOpenIdConnection", tag, access: "settings:read" },
    summary: "The issuer through which the tenant's members sign in",
    returns: { 200: OpenIdConnection },
    problems: ["not-found"],
  },
  async ({ ctx }) => reply(200, await getOpenIdConnection(ctx)),
);

openId.add(
  {
    ...{ method: "put", path, id: "putOpenIdConnection", tag, access: "settings:write" },
    summary: "Set the issuer; it is asked first whether it is one",
    body: PutOpenIdConnection,
    returns: { 200: OpenIdConnection },
    problems: ["forbidden-target"],
  },
  async ({ ctx, body }) => reply(200, await putOpenIdConnection(ctx, body)),
);

openId.add(
  {
    ...{ method: "delete", path, id: "deleteOpenIdConnection", tag, access: "settings:write" },
    summary: "Let nobody sign in through the issuer any more; sessions go on until they end",
    returns: { 204: null },
    problems: ["not-found"],
  },
  async ({ ctx }) => {
    await deleteOpenIdConnection(ctx);
    return noContent();
  },
);

openId.add(
  {
    ...{ method: "post", path: "/v1/auth/openid/start", id: "startOpenIdSignIn", tag, access: "public" },
    summary: "Begin to sign in through a tenant's issuer (authorization code flow with PKCE)",
    body: OpenIdStart,
    returns: { 200: OpenIdStarted },
    problems: ["not-found", "rate-limited"],
  },
  async ({ ctx, body }) => reply(200, await startOpenIdSignIn(ctx, body)),
);

openId.add(
  {
    ...{ method: "post", path: "/v1/auth/openid/finish", id: "finishOpenIdSignIn", tag, access: "public" },
    summary: "Exchange the issuer's code for a session in the tenant",
    body: OpenIdFinish,
    returns: { 200: SignedIn },
    problems: ["unauthenticated", "forbidden", "quota-exceeded", "tenant-suspended"],
  },
  async ({ ctx, body }) => reply(200, await finishOpenIdSignIn(ctx, body)),
);
