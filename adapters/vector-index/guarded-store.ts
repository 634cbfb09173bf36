import { asProblem } from "../../domain/kernel/problem.ts";
import type { Guard } from "../isolate-breaker.ts";
import type { VectorStore } from "./vector-store.ts";

/** Longer than any of a store's own bounds, retries included: the store itself says when nobody answers. */
export const STORE_TIMEOUT_MS = 120_000;

/** What a store refused is its answer. */
export function isStoreOutage(error: unknown): boolean {
  const failure = asProblem(error);
  return failure?.code === "unavailable" && failure.members.reason !== "refused";
}

/** The store behind a breaker: while it is down, a search goes on without it at once, and writes wait for their next attempt. */
export function guardedStore(store: VectorStore, guard: Guard): VectorStore {
  return {
    name: store.name,
    dimensions: store.dimensions,
    nearest: (namespace, vector) => guard(() => store.nearest(namespace, vector)),
    upsert: (vectors) => guard(() => store.upsert(vectors)),
    remove: (ids) => guard(() => store.remove(ids)),
    processed: (writes) => guard(() => store.processed(writes)),
    // Who asks how the store does wants to know it now.
    probe: () => store.probe(),
  };
}
