// Vectors in Vectorize (V2). Limits are those of developers.cloudflare.com/vectorize/platform/limits.
//   Z1  every call has a timeout and a bounded number of attempts; all of them may be repeated.
//   Z2  it holds numbers and opaque ids: no text, no metadata, no name of a tenant.
//   Z3  a write counts as processed when the index names its change as the last one processed, or gives back its last vector:
//       changes are processed in order, and their ids tell no order.
import { batchesOf } from "../../domain/kernel/batches.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { within } from "../../services/within.ts";
import type { StoredVector, VectorStore, Write } from "./vector-store.ts";

/** What the binding offers, as far as this adapter needs it: the generated type is that of the first beta. */
export interface VectorizeBinding {
  describe(): Promise<{ dimensions: number; processedUpToMutation?: unknown }>;
  query(
    vector: number[],
    options: { namespace: string; topK: number; returnValues: false; returnMetadata: "none" },
  ): Promise<{ matches: { id: string }[] }>;
  upsert(vectors: { id: string; namespace: string; values: number[] }[]): Promise<{ mutationId: string }>;
  deleteByIds(ids: string[]): Promise<{ mutationId: string }>;
  getByIds(ids: string[]): Promise<{ id: string }[]>;
}

/** Without values and metadata. */
const MAX_MATCHES = 100;
const MAX_BATCH = 1_000;
/** More are refused with code 40007. */
const MAX_IDS_READ = 20;

/** The vendor's median is 30 ms; a search has the index's own words to fall back on. */
const QUERY = { timeoutMs: 1_000, attempts: 2 };
const WRITE = { timeoutMs: 20_000, attempts: 3 };
const READ = { timeoutMs: 5_000, attempts: 2 };

export function vectorize(
  binding: VectorizeBinding,
  { dimensions, timeoutMs }: { dimensions: number; timeoutMs?: number },
): VectorStore {
  const call = <T>(bounds: Bounds, use: () => Promise<T>) =>
    bounded({ ...bounds, timeoutMs: timeoutMs ?? bounds.timeoutMs }, use);
  return {
    name: "vectorize",
    dimensions,
    async nearest(namespace, vector) {
      const options = { namespace, topK: MAX_MATCHES, returnValues: false, returnMetadata: "none" } as const;
      const { matches } = await call(QUERY, () => binding.query(Array.from(vector), options));
      return matches.map(({ id }) => id);
    },
    async upsert(vectors) {
      let last = "";
      for (const batch of batchesOf(vectors, MAX_BATCH)) {
        last = (await call(WRITE, () => binding.upsert(batch.map(toVector)))).mutationId;
      }
      return last;
    },
    async remove(ids) {
      for (const batch of batchesOf(ids, MAX_BATCH)) await call(WRITE, () => binding.deleteByIds(batch));
    },
    async processed(writes) {
      const { processedUpToMutation } = await call(READ, () => binding.describe());
      const isNamed = ({ mutation }: Write) => mutation !== null && mutation === processedUpToMutation;
      const held = new Set<string>();
      const asked = writes.filter((write) => write.mutation !== null && !isNamed(write)).map(({ id }) => id);
      for (const batch of batchesOf(asked, MAX_IDS_READ)) {
        for (const { id } of await call(READ, () => binding.getByIds(batch))) held.add(id);
      }
      return writes.map((write) => isNamed(write) || held.has(write.id));
    },
    async probe() {
      const { dimensions: actual } = await call(READ, () => binding.describe());
      if (actual !== dimensions) {
        throw problem("unavailable", { detail: `Vectorize holds vectors of ${actual} dimensions, not ${dimensions}.` });
      }
    },
  };
}

function toVector({ id, namespace, values }: StoredVector) {
  return { id, namespace, values: Array.from(values) };
}

interface Bounds {
  readonly timeoutMs: number;
  readonly attempts: number;
}

async function bounded<T>({ timeoutMs, attempts }: Bounds, use: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTime(use(), timeoutMs);
    } catch (cause) {
      if (attempt < attempts && !isRefusal(cause)) continue;
      const details = isRefusal(cause)
        ? { detail: "Vectorize refused the request.", members: { reason: "refused" } }
        : { detail: "Vectorize did not answer." };
      throw problem("unavailable", { ...details, retryAfterSeconds: 1, cause });
    }
  }
}

/** A mistake in the request is code 40000 and above; asking again changes nothing. */
function isRefusal(cause: unknown): boolean {
  return cause instanceof Error && /code\s*=\s*4\d{4}/.test(cause.message);
}

function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return within(work, timeoutMs, () => {
    throw new Error(`no answer within ${timeoutMs} ms`);
  });
}
