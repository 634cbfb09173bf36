import type { VectorizeBinding } from "../../adapters/vector-index/vectorize.ts";

interface Vector {
  readonly id: string;
  readonly namespace: string;
  readonly values: number[];
}

export interface FakeVectorize extends VectorizeBinding {
  /** Does what was accepted so far. */
  process(): void;
  /** What it holds, processed. */
  readonly ids: string[];
  /** Called before each call; what it throws is the answer. */
  beforeCall: (name: keyof VectorizeBinding) => Promise<void>;
}

/**
 * The binding as Vectorize (V2) answers: changes are accepted at once and done in order when `process` is called, limits are
 * refused with the codes that it uses, and nothing of another namespace is found.
 */
export function aVectorize(dimensions: number): FakeVectorize {
  const held = new Map<string, Vector>();
  const accepted: { mutationId: string; apply: () => void }[] = [];
  let processedUpToMutation: string | null = null;
  const accept = (apply: () => void) => {
    const mutationId = crypto.randomUUID();
    accepted.push({ mutationId, apply });
    return { mutationId };
  };
  const fake: FakeVectorize = {
    beforeCall: async () => undefined,
    get ids() {
      return [...held.keys()];
    },
    process() {
      for (const { mutationId, apply } of accepted.splice(0)) {
        apply();
        processedUpToMutation = mutationId;
      }
    },
    async describe() {
      await fake.beforeCall("describe");
      return { dimensions, processedUpToMutation };
    },
    async query(vector, { namespace, topK }) {
      await fake.beforeCall("query");
      refuseUnless(vector.length === dimensions, 40006, `expected ${dimensions} dimensions`);
      refuseUnless(topK <= 100, 40025, "top_k must be at most 100");
      const scored = [...held.values()]
        .filter((one) => one.namespace === namespace)
        .map(({ id, values }) => ({ id, score: cosine(vector, values) }));
      return { matches: scored.toSorted((a, b) => b.score - a.score).slice(0, topK) };
    },
    async upsert(vectors) {
      await fake.beforeCall("upsert");
      refuseUnless(vectors.length > 0 && vectors.length <= 1_000, 40008, "1 to 1000 vectors a batch");
      for (const { id, namespace, values } of vectors) {
        refuseUnless(bytes(id) <= 64 && bytes(namespace) <= 64, 40009, "ids and namespaces have at most 64 bytes");
        refuseUnless(values.length === dimensions, 40012, `expected ${dimensions} dimensions`);
      }
      return accept(() => {
        for (const vector of vectors) held.set(vector.id, vector);
      });
    },
    async deleteByIds(ids) {
      await fake.beforeCall("deleteByIds");
      refuseUnless(ids.length > 0 && ids.length <= 1_000, 40008, "1 to 1000 ids a batch");
      return accept(() => {
        for (const id of ids) held.delete(id);
      });
    },
    async getByIds(ids) {
      await fake.beforeCall("getByIds");
      refuseUnless(ids.length <= 20, 40007, "too many ids in payload; max id count is 20");
      return ids.flatMap((id) => held.get(id) ?? []);
    },
  };
  return fake;
}

function refuseUnless(isAllowed: boolean, code: number, reason: string): void {
  if (!isAllowed) throw new Error(`VECTOR_ERROR (code = ${code}): ${reason}`);
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let product = 0;
  let [squareA, squareB] = [0, 0];
  for (let at = 0; at < a.length; at += 1) {
    product += (a[at] ?? 0) * (b[at] ?? 0);
    squareA += (a[at] ?? 0) ** 2;
    squareB += (b[at] ?? 0) ** 2;
  }
  return product / (Math.sqrt(squareA * squareB) || 1);
}
