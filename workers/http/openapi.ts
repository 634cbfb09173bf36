import * as z from "zod";
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject, ZodOpenApiResponsesObject } from "zod-openapi";
import { createDocument } from "zod-openapi";
import type { ProblemCode } from "../../domain/kernel/problem.ts";
import { PROBLEMS, problem } from "../../domain/kernel/problem.ts";
import { endpointOf, failsOpen } from "../../domain/limits/endpoint.ts";
import { OpenAiErrorBody, openAiError } from "../../domain/llm/openai-error.ts";
import { withOneJson } from "./one-json.ts";
import type { Operation } from "./operation.ts";

const ProblemDetails = z
  .looseObject({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    requestId: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string(), code: z.string().optional() })).optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details" });

// One family of fields, on every answer to a caller whose tenant is known.
const RATE_LIMIT_HEADERS = {
  RateLimit: {
    description:
      "What is left of each limit, and the seconds until there is more (draft-ietf-httpapi-ratelimit-headers-10)",
    schema: { type: "string" as const },
    example: '"requests";r=5998;t=1',
  },
  "RateLimit-Policy": {
    description: "The limits that the call was counted against",
    schema: { type: "string" as const },
    example: '"requests";q=6000;w=60',
  },
};
const PostHeaders = z.object({
  "Idempotency-Key": z.string().min(1).max(255).optional().meta({
    description:
      "The request is done once; the same key again replays the first answer, with `Idempotency-Replayed: true`",
  }),
});
const ReadHeaders = z.object({
  "If-None-Match": z.string().optional().meta({ description: "Tags the client has; 304 when one is the resource's" }),
});
const ChangeHeaders = z.object({
  "If-Match": z.string().optional().meta({
    description: "The `ETag` that the change is meant for; 412 when the resource is another by now",
  }),
  ...ReadHeaders.shape,
});
const ETAG_HEADER = {
  ETag: {
    description: "The strong tag of this representation (RFC 9110 section 8.8.3)",
    schema: { type: "string" as const },
  },
};
const isTenants = ({ access }: Operation) => access !== "public" && access !== "operator";
const limitHeadersOf = (operation: Operation) => (isTenants(operation) ? Object.keys(RATE_LIMIT_HEADERS) : []);
const headersOf = (operation: Operation) => referred(limitHeadersOf(operation));
const answerHeadersOf = (operation: Operation) =>
  referred([...limitHeadersOf(operation), ...(operation.conditional ? Object.keys(ETAG_HEADER) : [])]);

function referred(names: readonly string[]) {
  if (names.length === 0) return {};
  return { headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])) };
}

/** The API as OpenAPI 3.1, from the operations and their schemas. An empty `publicUrl` leaves the server relative. */
export function openApiDocument(operations: readonly Operation[], publicUrl: string): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  const document = createDocument({
    openapi: "3.1.1",
    info: {
      title: "Weft",
      version: "1",
      description: "Durable AI workflows: runs, reviews, knowledge, models and the tenants that own them.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: publicUrl === "" ? "/" : publicUrl }],
    security: [{ bearer: [] }],
    paths,
    components: {
      headers: { ...RATE_LIMIT_HEADERS, ...ETAG_HEADER },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", description: "An access token or an API key" } },
    },
  });
  return withOneJson(document);
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const bodies = operation.accepts ?? (operation.body === undefined ? {} : { "application/json": operation.body });
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.access === "public" ? { security: [] } : { description: `Access: ${operation.access}` }),
    requestParams: {
      ...(operation.params !== undefined && { path: operation.params as z.ZodObject }),
      ...(operation.query !== undefined && { query: operation.query as z.ZodObject }),
      ...(operation.method === "post" && isTenants(operation) && { header: PostHeaders }),
      ...(operation.conditional && { header: operation.method === "get" ? ReadHeaders : ChangeHeaders }),
    },
    ...(Object.keys(bodies).length > 0 && {
      requestBody: { required: Object.values(bodies).every(needsMembers), content: contentOf(bodies) },
    }),
    responses: { ...answers(operation), ...refusals(operation) },
  };
}

/** A body whose every member is optional may stay away. */
function needsMembers(schema: z.ZodType): boolean {
  return !schema.safeParse({}).success;
}

/** Whether there are paths that match the operation's and hold what its parameters refuse. */
function bindsParams({ path, params }: Operation): boolean {
  const anyText = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, " "]));
  return params !== undefined && !params.safeParse(anyText).success;
}

function contentOf(bodies: Record<string, z.ZodType>): Record<string, { schema: z.ZodType }> {
  return Object.fromEntries(Object.entries(bodies).map(([mediaType, schema]) => [mediaType, { schema }]));
}

function answers(operation: Operation): ZodOpenApiResponsesObject {
  const answers = Object.fromEntries(
    Object.entries(operation.returns).map(([status, schema]) => [
      status,
      schema === null
        ? { description: "No JSON body", ...headersOf(operation) }
        : {
            description: "The resource",
            ...answerHeadersOf(operation),
            content: {
              "application/json": { schema },
              ...(operation.streams && { "text/event-stream": { schema: z.string() } }),
            },
          },
    ]),
  );
  const isRead = operation.conditional && operation.method === "get";
  return isRead ? { ...answers, 304: { description: "As the client has it", ...answerHeadersOf(operation) } } : answers;
}

function refusals(operation: Operation): ZodOpenApiResponsesObject {
  const codes = new Set<ProblemCode>(operation.problems);
  if (operation.access !== "public") codes.add("unauthenticated").add("rate-limited");
  if (isTenants(operation) && !failsOpen(endpointOf(operation).class)) codes.add("unavailable");
  if (operation.access !== "public" && operation.access !== "signed-in") codes.add("forbidden");
  if (operation.params !== undefined) codes.add("not-found");
  if (operation.method === "post" && isTenants(operation)) {
    codes.add("request-in-progress").add("idempotency-key-reused");
  }
  const hasBody = operation.body !== undefined || operation.accepts !== undefined;
  if (operation.query !== undefined || hasBody || bindsParams(operation)) codes.add("validation-failed");
  if (hasBody) codes.add("malformed-request").add("payload-too-large").add("unsupported-media-type");
  if (operation.conditional && operation.method !== "get") codes.add("precondition-failed");
  if (operation.conditional) codes.add("validation-failed");
  const isOpenAi = operation.errors === "openai";
  const statusOf = (code: ProblemCode) => (isOpenAi ? openAiError(problem(code)).status : PROBLEMS[code].status);
  const byStatus = Map.groupBy(codes, (code) => String(statusOf(code)));
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => PROBLEMS[code].title).join("; "),
        ...headersOf(operation),
        content: isOpenAi
          ? { "application/json": { schema: OpenAiErrorBody } }
          : { "application/problem+json": { schema: ProblemDetails } },
      },
    ]),
  );
}
