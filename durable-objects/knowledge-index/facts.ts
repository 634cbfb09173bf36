// What the metadata of documents says, one row a value, so that a filter reads the documents that it may leave and no others.
//   F4  the documents that are read hold every document that meets the condition; which of them do is told by the condition itself.
import type { Condition } from "../../domain/knowledge/filter.ts";
import type { Metadata, MetadataScalar } from "../../domain/knowledge/metadata.ts";

export function insertFacts(sql: SqlStorage, firstChunk: number, metadata: Metadata): void {
  for (const [key, value] of factsOf(metadata)) {
    sql.exec("insert or ignore into fact values (?, ?, ?)", key, stored(value), firstChunk);
  }
}

export function deleteFacts(sql: SqlStorage, firstChunk: number, metadata: Metadata): void {
  for (const [key, value] of factsOf(metadata)) {
    sql.exec("delete from fact where key = ? and value = ? and first_chunk = ?", key, stored(value), firstChunk);
  }
}

function factsOf(metadata: Metadata): [string, MetadataScalar][] {
  return Object.entries(metadata).flatMap(([key, value]) =>
    [value].flat().map((one): [string, MetadataScalar] => [key, one]),
  );
}

/** Numbers sort before texts and texts before bytes, so no comparison meets a value of another type. */
function stored(value: MetadataScalar): number | string | ArrayBuffer {
  if (typeof value === "number" || typeof value === "string") return value;
  return Uint8Array.of(value === null ? 0 : value ? 1 : 2).buffer;
}

/** First chunks of the documents that may meet the condition, or `null`: any may. */
export function mayMeet(sql: SqlStorage, condition: Condition): Set<number> | null {
  switch (condition.kind) {
    case "not":
      return null;
    case "all":
      return condition.conditions
        .map((part) => mayMeet(sql, part))
        .reduce((common, set) => (common === null ? set : set === null ? common : common.intersection(set)), null);
    case "any": {
      const sets = condition.conditions.map((part) => mayMeet(sql, part));
      return sets.reduce((either, set) => (either === null || set === null ? null : either.union(set)), new Set());
    }
    case "compare":
      return compared(sql, condition);
  }
}

function compared(sql: SqlStorage, { key, operator, value }: Condition & { kind: "compare" }): Set<number> | null {
  const select = (where: string, ...values: (number | string | ArrayBuffer)[]) =>
    sql
      .exec<{ first_chunk: number }>(`select first_chunk from fact where key = ? and ${where}`, key, ...values)
      .toArray()
      .map((row) => row.first_chunk);
  switch (operator) {
    case "$ne":
    case "$nin":
      return null;
    case "$eq":
    case "$in":
      return new Set([value].flat().flatMap((one) => select("value = ?", stored(one as MetadataScalar))));
    case "$gt":
    case "$gte":
      if (typeof value !== "number") return new Set(select("typeof(value) = 'text'"));
      return new Set(select("value >= ? and value < ''", value));
    case "$lt":
    case "$lte":
      if (typeof value !== "number") return new Set(select("typeof(value) = 'text'"));
      return new Set(select("value <= ?", value));
  }
}
