import * as z from "zod";

/** AWS: 1 to 80 letters, digits, dots, dashes and underscores; not digits alone, which name a version. */
export const AliasName = z
  .string()
  .regex(
    /^(?!\d+$)[A-Za-z0-9_.-]{1,80}$/,
    "has 1 to 80 letters, digits, dots, dashes and underscores, and is not a number",
  )
  .meta({ example: "live" });

export const AliasRoute = z
  .strictObject({ version: z.int().positive(), weight: z.int().min(0).max(100) })
  .meta({ id: "AliasRoute" });
export type AliasRoute = z.infer<typeof AliasRoute>;

// A canary has two routes; more are for experiments.
const MAX_ROUTES = 10;

// AWS: 256 characters.
const AliasDescription = z.string().max(256);

export const PutAlias = z
  .strictObject({
    routes: z
      .array(AliasRoute)
      .min(1)
      .max(MAX_ROUTES)
      .refine((routes) => sum(routes) === 100, "weights sum to 100")
      .refine((routes) => new Set(routes.map((route) => route.version)).size === routes.length, "versions differ"),
    description: AliasDescription.nullable().optional(),
  })
  .meta({
    id: "PutAlias",
    example: {
      routes: [
        { version: 3, weight: 90 },
        { version: 4, weight: 10 },
      ],
    },
  });
export type PutAlias = z.infer<typeof PutAlias>;

export const Alias = z
  .object({
    workflow: z.string(),
    alias: AliasName,
    description: AliasDescription.nullable(),
    routes: z.array(AliasRoute),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "WorkflowAlias", description: "A name for one version of a workflow, or for several by weight" });
export type Alias = z.infer<typeof Alias>;

/** The version that `chance` in [0, 1) falls on. */
export function drawVersion(routes: readonly AliasRoute[], chance: number): number | null {
  let rest = chance * sum(routes);
  for (const { version, weight } of routes) {
    rest -= weight;
    if (rest < 0) return version;
  }
  return null;
}

function sum(routes: readonly AliasRoute[]): number {
  return routes.reduce((total, route) => total + route.weight, 0);
}
