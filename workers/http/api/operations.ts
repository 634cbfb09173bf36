import * as z from "zod";
import { implementationsOf } from "../../../adapters/compose.ts";
import { Readiness, readiness } from "../../../services/observability/readiness.ts";
import type { Operation, Routes } from "../operation.ts";
import { reply, routes } from "../operation.ts";
import { homePage } from "../pages.ts";

/** The addresses that operators and newcomers look at. `described` are the operations that the document lists. */
export function operationsRoutes(described: () => readonly Operation[]): Routes {
  const operations = routes();

  operations.add(
    {
      method: "get",
      path: "/health",
      id: "getHealth",
      tag: "Operations",
      summary: "Whether the Worker answers",
      access: "public",
      returns: { 200: z.object({ status: z.literal("ok") }) },
    },
    () => reply(200, { status: "ok" }),
  );

  operations.add(
    {
      method: "get",
      path: "/ready",
      id: "getReadiness",
      tag: "Operations",
      summary: "Each dependency, what stands behind it and how long it took to answer",
      access: "public",
      returns: { 200: Readiness, 503: Readiness },
    },
    async ({ ctx, http }) => {
      const report = await readiness(ctx, implementationsOf(http.env));
      return reply(report.status === "down" ? 503 : 200, report);
    },
  );

  operations.add(
    {
      method: "get",
      path: "/openapi.json",
      id: "getOpenApiDocument",
      tag: "Operations",
      summary: "This document",
      access: "public",
      returns: { 200: z.looseObject({ openapi: z.string() }) },
    },
    async ({ ctx }) => {
      // Loaded when asked for: the generator is not needed to serve the API.
      const { openApiDocument } = await import("../openapi.ts");
      return reply(200, openApiDocument(described(), ctx.settings.publicUrl), {
        "cache-control": "public, max-age=300",
      });
    },
  );

  operations.add(
    {
      method: "get",
      path: "/docs",
      id: "getDocs",
      tag: "Operations",
      summary: "The API, rendered",
      access: "public",
      returns: { 200: null },
    },
    async () => {
      const [{ openApiDocument }, { docsPage }] = await Promise.all([
        import("../openapi.ts"),
        import("../docs-page.ts"),
      ]);
      return docsPage(openApiDocument(described(), ""));
    },
  );

  operations.add(
    {
      method: "get",
      path: "/",
      id: "getHome",
      tag: "Operations",
      summary: "Where to begin",
      access: "public",
      returns: { 200: null },
    },
    ({ ctx }) => homePage(ctx.settings.publicUrl),
  );

  return operations;
}
