import { sql } from "drizzle-orm";
import * as z from "zod";
import type { PlatformContext } from "../context.ts";
import { within } from "../within.ts";

const Dependency = z.object({
  name: z.string(),
  implementation: z.string(),
  status: z.enum(["up", "down"]),
  latencyMs: z.number(),
  required: z.boolean(),
});

export const Readiness = z
  .object({ status: z.enum(["ready", "degraded", "down"]), dependencies: z.array(Dependency) })
  .meta({ id: "Readiness" });
export type Readiness = z.infer<typeof Readiness>;

const TIMEOUT_MS = 3_000;

/** Asks every dependency that can be asked. `down` only when one that is required does not answer. */
export async function readiness(
  platform: PlatformContext,
  implementations: readonly { name: string; implementation: string; required: boolean }[],
): Promise<Readiness> {
  const probes: Record<string, () => Promise<unknown>> = {
    // Not `select 1`: a database without its migrations cannot do the job either.
    database: () => platform.db.run(sql`select 1 from tenants limit 1`),
    objects: () => platform.ports.runActors.of("ready", "ready").get(),
    "vector-index": () => platform.ports.knowledgeIndexes.probe(),
    files: () => platform.ports.files.text("ready"),
  };
  const dependencies = await Promise.all(
    implementations.map(async (one) => {
      const startedAt = platform.clock.now();
      const isUp = await answers(probes[one.name]);
      return {
        ...one,
        status: isUp ? ("up" as const) : ("down" as const),
        latencyMs: platform.clock.now() - startedAt,
      };
    }),
  );
  const down = dependencies.filter((dependency) => dependency.status === "down");
  const status = down.some((dependency) => dependency.required) ? "down" : down.length > 0 ? "degraded" : "ready";
  return { status, dependencies };
}

async function answers(probe: (() => Promise<unknown>) | undefined): Promise<boolean> {
  if (probe === undefined) return true;
  const answered = probe().then(
    () => true,
    () => false,
  );
  return within(answered, TIMEOUT_MS, () => false);
}
