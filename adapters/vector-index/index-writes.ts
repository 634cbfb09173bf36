// Writes of an index over its objects and the vector store outside.
//   W1  a document's place is remembered before it is written, and forgotten after it is removed.
//   W2  vectors outside go before the rows that name them: who is interrupted and repeats finds what is left.
//   W3  a document whose vectors are outside is staged, and revealed when the store has processed them.
import { HASHED_EMBEDDER } from "../../domain/knowledge/embedding/hashed.ts";
import type {
  IndexDocument,
  IndexOutcome,
  IndexStats,
  Settling,
  VectorPlace,
} from "../../domain/knowledge/index-contract.ts";
import type {
  ChunkRange,
  IndexShape,
  Placement,
  PlacementOutcome,
  PlacementRequest,
  StagedDocument,
} from "../../domain/knowledge/index-shape.ts";
import { FIRST, type IndexObjects, noAnswer, numbersOf, vectorId } from "./index-objects.ts";
import type { VectorStore, Write } from "./vector-store.ts";

/** Of documents or ranges that are asked for at once. */
const PAGE = 200;

/** Answers for each, in their order. */
export async function upsertDocuments(
  objects: IndexObjects,
  documents: readonly IndexDocument[],
): Promise<IndexOutcome[]> {
  const requests = documents.map((document) => placementRequest(objects, document));
  const placements = await objects.shard(FIRST)((first) => first.place(requests));
  const outcomes = new Map<IndexDocument, IndexOutcome>();
  const placed: PlacedDocument[] = [];
  for (const [at, document] of documents.entries()) {
    const placement = placements[at];
    if (placement?.placed) placed.push({ document, placement });
    else if (placement !== undefined) outcomes.set(document, refusalOf(placement));
  }
  const newest = placed.at(-1);
  if (newest !== undefined) objects.shape.set(newest.placement);
  for (const [shard, here] of Map.groupBy(placed, ({ placement }) => placement.shard)) {
    const written = await writeTo(objects, shard, here);
    for (const [at, { document }] of here.entries()) {
      const outcome = written[at];
      if (outcome !== undefined) outcomes.set(document, outcome);
    }
  }
  return documents.flatMap((document) => outcomes.get(document) ?? []);
}

function refusalOf({ reason, detail }: Exclude<PlacementOutcome, Placement>): IndexOutcome {
  return { indexed: false, reason, detail };
}

interface PlacedDocument {
  readonly document: IndexDocument;
  readonly placement: Placement;
}

function placementRequest({ store, capacity }: IndexObjects, document: IndexDocument): PlacementRequest {
  const { documentId, chunks, embedder = null } = document;
  const { dimensions } = embedder ?? HASHED_EMBEDDER;
  const vectors = placeOfVectors(store, document);
  return { documentId, chunks: chunks.length, vectors, embedder, capacity: capacity(dimensions) };
}

/** Into one object. */
async function writeTo(
  objects: IndexObjects,
  shard: number,
  placed: readonly PlacedDocument[],
): Promise<IndexOutcome[]> {
  const staging = placed.map(({ document, placement }) => ({
    ...document,
    isStaged: placement.vectors === "vectorize" && document.chunks.length > 0,
    isPart: placement.shards > 1,
  }));
  for (const { document, placement } of placed) {
    if (placement.hasOutside) await removeVectors(objects, shard, document.documentId);
  }
  const outcomes = await objects.shard(shard)((object) => object.upsertDocuments(staging));
  return Promise.all(
    placed.map(async ({ document, placement: { vectors } }, at): Promise<IndexOutcome> => {
      const outcome = outcomes[at];
      if (outcome === undefined) throw noAnswer();
      if (!outcome.indexed) return outcome;
      const isStaged = staging[at]?.isStaged ?? false;
      if (isStaged) await sendVectors(objects, shard, document, outcome.first);
      return { indexed: true, chunks: outcome.chunks, revision: outcome.revision, isSettled: !isStaged, vectors };
    }),
  );
}

export async function removeDocument(objects: IndexObjects, documentId: string): Promise<void> {
  const { shard, ...shape } = await objects.shard(FIRST)((first) => first.locate(documentId));
  for (const number of shard === null ? numbersOf(shape) : [shard]) {
    if (shape.hasOutside) await removeVectors(objects, number, documentId);
    await objects.shard(number)((object) => object.removeDocument(documentId));
  }
  if (shape.shards > 1) await objects.shard(FIRST)((first) => first.forgetPlacement(documentId));
}

export async function settle(objects: IndexObjects, documentId: string): Promise<Settling> {
  const { shard, ...shape } = await objects.shard(FIRST)((first) => first.locate(documentId));
  if (shard === null) return "absent";
  if (!(await settleShard(objects, shape, shard, documentId))) return "pending";
  return (await objects.shard(shard)((object) => object.revealDocument(documentId))) ? "settled" : "absent";
}

/** Where vectors are looked for, once every document of the index is settled. */
export async function settleAll(objects: IndexObjects): Promise<VectorPlace | null> {
  const shape = await objects.shard(FIRST)((first) => first.shape());
  const settled = await Promise.all(numbersOf(shape).map((shard) => settleShard(objects, shape, shard, null)));
  return settled.every(Boolean) ? shape.vectors : null;
}

/** The first object is cleared last: it alone knows of the others. */
export async function clear(objects: IndexObjects): Promise<void> {
  const shape = await objects.shard(FIRST)((first) => first.shape());
  if (shape.shards > 1) objects.answers().clear();
  for (const shard of numbersOf(shape).toReversed()) {
    if (shape.hasOutside) await removeAllVectors(objects, shard);
    await objects.shard(shard)((object) => object.clear());
  }
}

/** Sums over the objects; a term that several of them hold counts in each. */
export async function stats(objects: IndexObjects): Promise<IndexStats> {
  const shape = await objects.shard(FIRST)((first) => first.shape());
  const parts = await Promise.all(numbersOf(shape).map((shard) => objects.shard(shard)((object) => object.stats())));
  const sum = (of: (part: IndexStats) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    documents: sum((part) => part.documents),
    chunks: sum((part) => part.chunks),
    terms: sum((part) => part.terms),
    embedder: parts.find(({ embedder }) => embedder !== null)?.embedder ?? null,
    revision: sum((part) => part.revision),
    storageBytes: sum((part) => part.storageBytes),
    vectorBytes: sum((part) => part.vectorBytes),
  };
}

/** What made the vectors decides where they can be looked for: the store takes one length, and the index its own embedder's. */
function placeOfVectors(store: VectorStore | null, { chunks, embedder }: IndexDocument): VectorPlace | null {
  if (chunks.length === 0) return null;
  const isEmbedded = embedder !== undefined && chunks.every(({ embedding }) => embedding !== undefined);
  return isEmbedded && embedder.dimensions === store?.dimensions ? "vectorize" : "embedded";
}

async function sendVectors(
  { store, namespace, shard: of }: IndexObjects,
  shard: number,
  { chunks }: IndexDocument,
  first: number,
): Promise<void> {
  const name = namespace(shard);
  const vectors = chunks.flatMap(({ embedding }, index) =>
    embedding === undefined ? [] : [{ id: vectorId(name, first + index), namespace: name, values: embedding }],
  );
  const mutation = await store?.upsert(vectors);
  if (mutation === undefined) return;
  const isAwaited = await of(shard)((object) => object.noteMutation(first, mutation));
  // Removed while its vectors were on the way: they go after it.
  if (!isAwaited) await store?.remove(vectors.map(({ id }) => id));
}

async function settleShard(
  objects: IndexObjects,
  { vectors }: IndexShape,
  shard: number,
  documentId: string | null,
): Promise<boolean> {
  const { store } = objects;
  for (;;) {
    const staged = await objects.shard(shard)((object) => object.stagedDocuments(PAGE, documentId));
    if (staged.length === 0) return true;
    const isOutside = vectors === "vectorize" && store !== null;
    const processed = isOutside ? await store.processed(staged.map((one) => lastWrite(objects, shard, one))) : null;
    const ready = staged.filter((_, index) => processed?.[index] ?? true);
    for (const one of ready) await objects.shard(shard)((object) => object.revealDocument(one.documentId));
    if (ready.length < staged.length) return false;
  }
}

function lastWrite({ namespace }: IndexObjects, shard: number, { first, count, mutation }: StagedDocument): Write {
  return { id: vectorId(namespace(shard), first + count - 1), mutation };
}

async function removeVectors(objects: IndexObjects, shard: number, documentId: string): Promise<void> {
  const page = { documentId, after: 0, limit: 1 };
  await removeRanges(objects, shard, await objects.shard(shard)((object) => object.ranges(page)));
}

async function removeAllVectors(objects: IndexObjects, shard: number): Promise<void> {
  for (let after = 0; ; ) {
    const page = { documentId: null, after, limit: PAGE };
    const ranges = await objects.shard(shard)((object) => object.ranges(page));
    const last = ranges.at(-1);
    if (last === undefined) return;
    await removeRanges(objects, shard, ranges);
    after = last.first;
  }
}

async function removeRanges(
  { store, namespace }: IndexObjects,
  shard: number,
  ranges: readonly ChunkRange[],
): Promise<void> {
  const name = namespace(shard);
  const ids = ranges.flatMap(({ first, count }) =>
    Array.from({ length: count }, (_, index) => vectorId(name, first + index)),
  );
  if (ids.length > 0) await store?.remove(ids);
}
