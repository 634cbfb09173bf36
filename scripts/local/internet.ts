import { readFileSync } from "node:fs";
import type { V4WorkerOptionsShape } from "miniflare";

type ServiceBindings = NonNullable<V4WorkerOptionsShape["serviceBindings"]>;

/**
 * The runtime's own way out, bound for the Worker to use in place of `fetch` (adapters/compose.ts). `fetch` leads through
 * a Worker of Miniflare that sets a header; it costs more than all else that a small call takes from the runtime.
 */
export function internet(): ServiceBindings {
  return {
    INTERNET: {
      network: {
        // As Miniflare's own: who may be called is judged before a call leaves.
        allow: ["public", "private"],
        tlsOptions: { trustBrowserCas: true, trustedCertificates: extraCertificates() },
      },
    },
  };
}

/** Authorities that the machine trusts beside those of browsers, by the variable that Node and Miniflare read. */
function extraCertificates(): string[] {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (file === undefined || file === "") return [];
  return readFileSync(file, "utf8").match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}
