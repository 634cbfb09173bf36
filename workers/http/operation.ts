import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type * as z from "zod";
import type { Permission } from "../../domain/kernel/permission.ts";
import type { ProblemCode } from "../../domain/kernel/problem.ts";
import { type Endpoint, endpointOf } from "../../domain/limits/endpoint.ts";
import { MAX_PAYLOAD_BYTES } from "../../domain/tenants/tenant.ts";
import type { PlatformContext, ServiceContext } from "../../services/context.ts";
import { readBytes, readJson } from "./body.ts";
import type { HttpEnv } from "./env.ts";
import { authenticate } from "./middleware/authenticate.ts";
import { preconditionOf, tagged } from "./middleware/conditional.ts";
import { idempotent } from "./middleware/idempotency.ts";
import { requireOperator } from "./middleware/operator.ts";
import { parsed } from "./validation.ts";

/** Who may call: anyone, anyone signed in, the operator of the platform, or an actor with the permission. */
export type Access = "public" | "signed-in" | "operator" | Permission;

type Schema = z.ZodType | undefined;
type Value<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;

/** One operation of the API: the source of its route, its checks and its entry in the OpenAPI document. */
export interface Operation<
  A extends Access = Access,
  P extends Schema = Schema,
  Q extends Schema = Schema,
  B extends Schema = Schema,
> {
  method: "get" | "post" | "put" | "patch" | "delete";
  /** With parameters in braces: `/v1/runs/{id}`. */
  path: `/${string}`;
  /** operationId of the OpenAPI document. */
  id: string;
  tag: string;
  summary: string;
  access: A;
  params?: P;
  query?: Q;
  body?: B;
  /** Proves at less cost than `body` that it takes a value, and takes it as it is; `false` proves nothing. */
  isPlain?(body: unknown): boolean;
  /** Bodies by media type, of an operation that reads them itself. */
  accepts?: Record<string, z.ZodType>;
  /** Largest body in bytes; 1 MiB when absent. */
  maxBytes?: number;
  /** Schema by status; `null` for an answer without JSON body. */
  returns: Record<number, z.ZodType | null>;
  /**
   * The resource has an entity tag: `If-None-Match` asks for news of it, `If-Match` guards a change (RFC 9110 section 13). The
   * verb of a change calls requireMatch().
   */
  conditional?: true;
  /** Answers with `text/event-stream` where the client asks for it. */
  streams?: true;
  /** Whose shape errors have; that of RFC 9457 when absent. */
  errors?: "openai";
  /** Problems beyond those that every operation of its kind can answer. */
  problems?: ProblemCode[];
}

export interface Call<A extends Access, P extends Schema, Q extends Schema, B extends Schema> {
  ctx: A extends "public" | "operator" ? PlatformContext : ServiceContext;
  params: Value<P>;
  query: Value<Q>;
  body: Value<B>;
  /** The transport itself, for what is not JSON: streams, cookies, uploads. */
  http: Context<HttpEnv>;
}

export const DEFAULT_MAX_BYTES = 1_048_576;

/** The largest payload that a tenant's runs may take, and the members beside it. */
export const MAX_PAYLOAD_BODY = MAX_PAYLOAD_BYTES + 65_536;

export interface Routes {
  readonly operations: readonly Operation[];
  add<A extends Access, P extends Schema, Q extends Schema, B extends Schema>(
    operation: Operation<A, P, Q, B>,
    handle: (call: Call<A, P, Q, B>) => Response | Promise<Response>,
  ): void;
  mount(app: Hono<HttpEnv>): void;
}

/** The operations of one area, collected so that the app can mount them and the document can list them. */
export function routes(): Routes {
  const operations: Operation[] = [];
  const mounts: ((app: Hono<HttpEnv>) => void)[] = [];
  return {
    operations,
    add(operation, handle) {
      operations.push(operation as unknown as Operation);
      const endpoint = endpointOf(operation);
      mounts.push((app) => {
        app.on(operation.method.toUpperCase(), operation.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (http) => {
          const admitted = await admit(http, operation.access, endpoint);
          const params = parsed(operation.params, http.req.param(), "/");
          const query = parsed(operation.query, http.req.query(), "?");
          const body =
            operation.body === undefined
              ? { text: await fingerprintText(http, operation), value: undefined }
              : await readJson(http.req.raw, operation.maxBytes ?? DEFAULT_MAX_BYTES);
          const precondition = operation.conditional ? preconditionOf(http) : undefined;
          const run = async (): Promise<Response> =>
            handle({
              // The type of `ctx` follows `access`: admit() has established an actor for every access that promises one.
              ctx: (precondition === undefined ? admitted : { ...admitted, precondition }) as never,
              params: params as never,
              query: query as never,
              body: (operation.isPlain?.(body.value) ? body.value : parsed(operation.body, body.value, "")) as never,
              http,
            });
          if (operation.conditional) return tagged(http, await run(), precondition);
          if (operation.method !== "post" || !("tenant" in admitted)) return run();
          return idempotent(admitted, http, body.text, run);
        });
      });
    },
    mount(app) {
      for (const mount of mounts) mount(app);
    },
  };
}

/** What tells one request from another where the handler reads the body: its bytes, without the boundary that clients draw anew. */
async function fingerprintText({ req }: Context<HttpEnv>, { accepts, maxBytes }: Operation): Promise<string | null> {
  if (accepts === undefined || req.header("idempotency-key") === undefined) return null;
  const bytes = await readBytes(req.raw.clone(), maxBytes ?? DEFAULT_MAX_BYTES);
  const boundary = /boundary="?([^";]+)/i.exec(req.header("content-type") ?? "")?.[1];
  const text = Buffer.from(bytes).toString("latin1");
  return boundary === undefined ? text : text.replaceAll(boundary, "");
}

async function admit(
  http: Context<HttpEnv>,
  access: Access,
  endpoint: Endpoint,
): Promise<PlatformContext | ServiceContext> {
  if (access === "public") return http.get("platform");
  if (access === "operator") return requireOperator(http);
  return authenticate(http, access === "signed-in" ? null : access, endpoint);
}

/** The resource as the answer. */
export function reply(status: ContentfulStatusCode, body: unknown, headers?: Record<string, string>): Response {
  return Response.json(body, { status, ...(headers && { headers }) });
}

export function noContent(): Response {
  return new Response(null, { status: 204 });
}
