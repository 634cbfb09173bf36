import { registerHooks } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { GeneratedDocument } from "./document.ts";

const SOURCE = "workers/http/openapi.ts";

/** OpenAPI 3.1, from the same operations that the app mounts. */
export function openapiDocument(root: string): GeneratedDocument {
  return {
    output: "docs/openapi.json",
    source: SOURCE,
    render: async () => {
      const restore = resolvePlatformModules();
      try {
        const module: { openApiDocument?: () => unknown } = await import(pathToFileURL(path.join(root, SOURCE)).href);
        if (module.openApiDocument === undefined) throw new Error(`${SOURCE} does not export openApiDocument()`);
        return `${JSON.stringify(module.openApiDocument(), null, 2)}\n`;
      } finally {
        restore();
      }
    },
  };
}

// The routes reach modules that only workerd has. Describing an operation calls none of them, so empty ones do.
function resolvePlatformModules(): () => void {
  const stub = `data:text/javascript,${encodeURIComponent(
    "export class DurableObject {} export class WorkerEntrypoint {} export class RpcTarget {} export const env = {};",
  )}`;
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      return specifier.startsWith("cloudflare:") ? { url: stub, shortCircuit: true } : next(specifier, context);
    },
  });
  return () => hooks.deregister();
}
