// What the first object of an index knows of the whole: in which object each document lies, and where vectors are looked for.
//   P1  a document stays in the object that it was placed in first, until it is forgotten.
//   P2  the number of objects never shrinks, not by clearing either: what is written late is still found and cleared.
//   P3  the first document decides where vectors are looked for; one whose vectors cannot go there brings all of them home.
import { type EmbedderIdentity, sameEmbedder } from "../../domain/knowledge/embedding/embedder.ts";
import type { VectorPlace } from "../../domain/knowledge/index-contract.ts";
import type { IndexShape, PlacementOutcome, PlacementRequest } from "../../domain/knowledge/index-shape.ts";
import { readState } from "./index-state.ts";
import { stagedChunks } from "./staging.ts";

/** Over more, a search would wait for the slowest of too many. */
const MAX_SHARDS = 64;

/** The object in which this one's tables lie. */
const FIRST = 0;

/** `returned`: vectors went outside, and then one came that could not. */
type DecidedPlace = VectorPlace | "returned" | null;

export function readShape(sql: SqlStorage): IndexShape {
  return shapeOf(Number(sql.exec("select shards from directory").one().shards), readPlace(sql));
}

function shapeOf(shards: number, place: DecidedPlace): IndexShape {
  const vectors = place === "vectorize" ? "vectorize" : "embedded";
  return { shards, vectors, hasOutside: place === "vectorize" || place === "returned" };
}

/** Of all objects, as far as the first one knows. */
export function indexedChunks(sql: SqlStorage): number {
  const others = sql.exec("select coalesce(sum(chunks), 0) n from shard_fill where shard <> ?", FIRST).one().n;
  return readState(sql).chunks + Number(others);
}

/** Where the documents lie or shall lie, remembered before anything is written there. */
export function place(sql: SqlStorage, requests: readonly PlacementRequest[]): PlacementOutcome[] {
  let expected = 0;
  return requests.map((request) => {
    const placement = placeOne(sql, request, expected);
    if (placement.placed && placement.shard === FIRST) expected += request.chunks;
    return placement;
  });
}

/** `expected` chunks are on their way into the first object. */
function placeOne(sql: SqlStorage, request: PlacementRequest, expected: number): PlacementOutcome {
  const { shards } = readShape(sql);
  const known = locate(sql, request.documentId);
  const shard = known ?? firstWithRoom(sql, shards, request, expected);
  if (shard === MAX_SHARDS) {
    return { placed: false, reason: "index-full", detail: `the index lies over ${shards} objects and has no room` };
  }
  const other = shard === FIRST && shards === 1 ? null : otherEmbedder(sql, request);
  if (other !== null) {
    return { placed: false, reason: "embedder-mismatch", detail: `vectors of another model than ${other.model}` };
  }
  const vectors = decidedPlace(sql, request.vectors);
  const shape = shapeOf(Math.max(shards, shard + 1), vectors);
  sql.exec("update directory set shards = ?, vectors = ?", shape.shards, vectors);
  if (shard !== FIRST) {
    forget(sql, request.documentId);
    sql.exec("insert into placement values (?, ?, ?)", request.documentId, shard, request.chunks);
    fill(sql, shard, request.chunks);
  }
  return { placed: true, shard, ...shape };
}

/** The object that the document was placed in; `null`: none that is known. */
export function locate(sql: SqlStorage, documentId: string): number | null {
  if (sql.exec("select 1 from document where document_id = ?", documentId).toArray().length > 0) return FIRST;
  const [row] = sql.exec("select shard from placement where document_id = ?", documentId).toArray();
  return row === undefined ? null : Number(row.shard);
}

export function forget(sql: SqlStorage, documentId: string): void {
  const [row] = sql.exec("select shard, chunks from placement where document_id = ?", documentId).toArray();
  if (row === undefined) return;
  fill(sql, Number(row.shard), -Number(row.chunks));
  sql.exec("delete from placement where document_id = ?", documentId);
}

/** What made the vectors of the other documents, when it is not what made this one's. One object alone sees to that itself. */
function otherEmbedder(sql: SqlStorage, { documentId, embedder }: PlacementRequest): EmbedderIdentity | null {
  const held = readState(sql).embedder;
  if (held === null || embedder === null || sameEmbedder(held, embedder)) return null;
  const others =
    "select 1 from document where document_id <> ?1 union all select 1 from placement where document_id <> ?1";
  return sql.exec(`${others} limit 1`, documentId).toArray().length > 0 ? held : null;
}

function decidedPlace(sql: SqlStorage, wanted: VectorPlace | null): DecidedPlace {
  const decided = readPlace(sql) ?? (readState(sql).chunks > 0 ? "embedded" : null);
  if (decided === "vectorize" && wanted === "embedded") return "returned";
  return decided ?? wanted;
}

/** One of the words that `place` wrote. */
function readPlace(sql: SqlStorage): DecidedPlace {
  return sql.exec("select vectors from directory").one().vectors as DecidedPlace;
}

function firstWithRoom(
  sql: SqlStorage,
  shards: number,
  { chunks, capacity }: PlacementRequest,
  expected: number,
): number {
  const held = new Map(
    sql
      .exec<{ shard: number; chunks: number }>("select shard, chunks from shard_fill")
      .toArray()
      .map((row) => [row.shard, row.chunks]),
  );
  held.set(FIRST, readState(sql).chunks + stagedChunks(sql) + expected);
  for (let shard = FIRST; shard < shards; shard += 1) {
    const here = held.get(shard) ?? 0;
    if (here === 0 || here + chunks <= capacity) return shard;
  }
  return shards;
}

function fill(sql: SqlStorage, shard: number, chunks: number): void {
  sql.exec(
    "insert into shard_fill values (?, ?) on conflict (shard) do update set chunks = chunks + excluded.chunks",
    shard,
    chunks,
  );
}
