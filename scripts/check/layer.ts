/** The areas, in order: an area may call only the areas before it; facts come down the list as events. */
export const AREAS: readonly string[] = [
  "tenants",
  "identity",
  "audit",
  "flags",
  "limits",
  "jobs",
  "observability",
  "llm",
  "knowledge",
  "agents",
  "workflows",
  "billing",
  "analytics",
  "webhooks",
  "tenant-data",
];

export const LAYERS = ["domain", "services", "adapters", "durable-objects", "workers"] as const;
export type Layer = (typeof LAYERS)[number];

export interface Place {
  layer: Layer;
  /** The folder under the layer; null for a file that lies directly in it. */
  folder: string | null;
  /** What follows the folder, or the layer when there is none. */
  rest: string;
}

/** Where a path of the product lies, or null when it is not part of what is deployed (tests, scripts, console). */
export function placeOf(filePath: string): Place | null {
  const [top, second, ...others] = filePath.split("/");
  const layer = LAYERS.find((name) => name === top);
  if (layer === undefined || second === undefined) return null;
  if (others.length === 0) return { layer, folder: null, rest: second };
  return { layer, folder: second, rest: others.join("/") };
}

export function areaRank(folder: string): number {
  return AREAS.indexOf(folder);
}
