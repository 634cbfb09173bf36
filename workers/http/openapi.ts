import * as z from "zod";
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject, ZodOpenApiResponsesObject } from "zod-openapi";
import { createDocument } from "zod-openapi";
import type { ProblemCode } from "../../domain/kernel/problem.ts";
import { PROBLEMS } from "../../domain/kernel/problem.ts";
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

/** The API as OpenAPI 3.1, from the operations and their schemas. An empty `publicUrl` leaves the server relative. */
export function openApiDocument(operations: readonly Operation[], publicUrl: string): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return createDocument({
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
      securitySchemes: { bearer: { type: "http", scheme: "bearer", description: "An access token or an API key" } },
    },
  });
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const isJson = operation.body !== undefined;
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.access === "public" ? { security: [] } : { description: `Access: ${operation.access}` }),
    requestParams: {
      ...(operation.params !== undefined && { path: operation.params as z.ZodObject }),
      ...(operation.query !== undefined && { query: operation.query as z.ZodObject }),
    },
    ...(isJson && {
      requestBody: { required: true, content: { "application/json": { schema: operation.body as z.ZodType } } },
    }),
    responses: { ...answers(operation), ...refusals(operation) },
  };
}

function answers(operation: Operation): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    Object.entries(operation.returns).map(([status, schema]) => [
      status,
      schema === null
        ? { description: "No JSON body" }
        : { description: "The resource", content: { "application/json": { schema } } },
    ]),
  );
}

function refusals(operation: Operation): ZodOpenApiResponsesObject {
  const codes = new Set<ProblemCode>(operation.problems);
  if (operation.access !== "public") codes.add("unauthenticated").add("rate-limited");
  if (operation.access !== "public" && operation.access !== "signed-in") codes.add("forbidden");
  if (operation.params !== undefined) codes.add("not-found");
  if (operation.query !== undefined || operation.body !== undefined) codes.add("validation-failed");
  if (operation.body !== undefined)
    codes.add("malformed-request").add("payload-too-large").add("unsupported-media-type");
  const byStatus = Map.groupBy(codes, (code) => String(PROBLEMS[code].status));
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => PROBLEMS[code].title).join("; "),
        content: { "application/problem+json": { schema: ProblemDetails } },
      },
    ]),
  );
}
