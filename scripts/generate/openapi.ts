import { registerHooks } from "node:module";
import type { GeneratedDocument } from "./document.ts";

/** OpenAPI 3.1, from the same operations that the app mounts. */
export function openapiDocument(): GeneratedDocument {
  return {
    output: "docs/openapi.json",
    source: "workers/http/app.ts",
    render: async () => {
      const restore = resolvePlatformModules();
      try {
        const [{ OPERATIONS }, { openApiDocument }] = await Promise.all([
          import("../../workers/http/app.ts"),
          import("../../workers/http/openapi.ts"),
        ]);
        return `${JSON.stringify(openApiDocument(OPERATIONS, ""), null, 2)}\n`;
      } finally {
        restore();
      }
    },
  };
}

// The routes reach modules that only workerd has. Describing an operation calls none of them, so empty ones do.
function resolvePlatformModules(): () => void {
  const stub = `data:text/javascript,${encodeURIComponent(
    "export class DurableObject {} export class WorkerEntrypoint {} export class RpcTarget {}" +
      "export const env = {}; export const waitUntil = undefined;",
  )}`;
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      return specifier.startsWith("cloudflare:") ? { url: stub, shortCircuit: true } : next(specifier, context);
    },
  });
  return () => hooks.deregister();
}
