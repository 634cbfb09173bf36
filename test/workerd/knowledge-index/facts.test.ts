import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesCondition, parseFilter } from "../../../domain/knowledge/filter.ts";
import type { Metadata } from "../../../domain/knowledge/metadata.ts";
import { deleteFacts, insertFacts, mayMeet } from "../../../durable-objects/knowledge-index/facts.ts";
import type { KnowledgeIndex } from "../../../durable-objects/knowledge-index/index-object.ts";
import { aDocument, anIndex, found } from "./an-index.ts";

const scalar = fc.oneof(
  fc.constantFrom("", "a", "b", "é", "\u{1F600}", "\uFFFD", "1", "true"),
  fc.constantFrom(-1, 0, 1, 1.5, 2, 1e300),
  fc.boolean(),
  fc.constant(null),
);
const metadata = fc.dictionary(fc.constantFrom("x", "y", "z"), fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })));
const ordered = fc.constantFrom("a", "b", "\u{1F600}", -1, 0, 1, 1.5);
const comparison = fc.oneof(
  scalar,
  fc.record({ $in: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $nin: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $ne: scalar }),
  fc.record({ $gte: ordered, $lt: ordered }),
  fc.record({ $gt: ordered }),
  fc.record({ $lte: ordered }),
);
const simple = fc.dictionary(fc.constantFrom("x", "y", "z"), comparison, { maxKeys: 2 });
const several = fc.array(simple, { minLength: 1, maxLength: 3 });
const filter = fc.oneof(simple, fc.record({ $or: several }), fc.record({ $and: several }), fc.record({ $not: simple }));

describe("facts", () => {
  test("leave out no document that meets a condition", () =>
    runInDurableObject(anIndex(), (_: KnowledgeIndex, { storage: { sql } }) => {
      fc.assert(
        fc.property(fc.array(metadata, { maxLength: 8 }), filter, (documents, asked) => {
          for (const [at, each] of documents.entries()) insertFacts(sql, at, each as Metadata);
          const parsed = parseFilter(asked);
          if (!parsed.valid) throw new Error(parsed.message);
          const may = mayMeet(sql, parsed.condition);
          for (const [at, each] of documents.entries()) {
            if (matchesCondition(parsed.condition, each as Metadata)) expect(may === null || may.has(at)).toBe(true);
            deleteFacts(sql, at, each as Metadata);
          }
          expect(Number(sql.exec("select count(*) n from fact").one().n)).toBe(0);
        }),
      );
    }));

  test("of an index that had none are read from its documents", async () => {
    const index = anIndex();
    await index.upsertDocument(aDocument("old", "Hotels are cheap.", { area: "travel" }));
    await runInDurableObject(index, (_: KnowledgeIndex, { storage: { sql } }) => {
      sql.exec("drop table fact");
    });
    await evictDurableObject(index);
    expect(await found(index, { query: "hotels", filter: { area: "travel" } })).toHaveLength(1);
  });

  test("a filter that was asked before sees what came since", async () => {
    const index = anIndex();
    const asked = () => found(index, { query: "hotels", filter: { area: { $ne: "none" } } });
    expect(await asked()).toHaveLength(0);
    await index.upsertDocument(aDocument("new", "Hotels are cheap.", { area: "travel" }));
    expect(await asked()).toHaveLength(1);
    await index.removeDocument("new");
    expect(await asked()).toHaveLength(0);
  });
});
