import { describe, expect, it } from "vitest";
import { isAnchorDue } from "../../../domain/audit/anchor.ts";
import { CHAIN_START, type ChainEntry, entryText, follow, linkHash } from "../../../domain/audit/chain.ts";
import { auditRetentionMs } from "../../../domain/audit/retention.ts";
import { DAY_MS, HOUR_MS } from "../../../domain/kernel/time.ts";

const ENTRY: ChainEntry = {
  ...{ id: "aud_1", tenantId: "ten_1", at: 1, action: "a.b", actorType: "user", actorId: "usr_1" },
  ...{ targetType: null, targetId: null, ip: null, userAgent: null, requestId: "req_1" },
};

describe("the text of an entry", () => {
  it("is canonical JSON: keys sorted, no spaces, absent details as null", () => {
    expect(entryText(ENTRY)).toBe(
      '{"action":"a.b","actorId":"usr_1","actorType":"user","at":1,"details":null,"id":"aud_1","ip":null,' +
        '"requestId":"req_1","targetId":null,"targetType":null,"tenantId":"ten_1","userAgent":null}',
    );
  });

  it("is the same before and after JSON carried the details", () => {
    const details = { b: undefined, a: new Date(0), é: [1e21, -0, "\u2028"] };
    const readBack = JSON.parse(JSON.stringify(details));
    expect(entryText({ ...ENTRY, details })).toBe(entryText({ ...ENTRY, details: readBack }));
  });

  it("does not depend on columns that are not the entry's", () => {
    expect(entryText({ ...ENTRY, proof: "1.ab" } as ChainEntry)).toBe(entryText(ENTRY));
  });
});

describe("a link", () => {
  const text = entryText(ENTRY);
  const link = { seq: 1, entryId: "aud_1", hash: linkHash(CHAIN_START.hash, text) };

  it("follows where number, entry and hash agree", () => {
    expect(follow(CHAIN_START, link, text)).toEqual({ seq: 1, hash: link.hash });
  });

  it("does not follow an entry that changed, is gone, or has another place", () => {
    expect(follow(CHAIN_START, link, `${text} `)).toBe("altered");
    expect(follow(CHAIN_START, link, undefined)).toBe("removed");
    expect(follow(CHAIN_START, { ...link, seq: 2 }, text)).toBe("out-of-order");
  });
});

it("an anchor is due after a thousand entries or an hour, and never for none", () => {
  expect(isAnchorDue({ entries: 999, since: 1 }, HOUR_MS)).toBe(false);
  expect(isAnchorDue({ entries: 1_000, since: HOUR_MS }, HOUR_MS)).toBe(true);
  expect(isAnchorDue({ entries: 1, since: 0 }, HOUR_MS)).toBe(true);
  expect(isAnchorDue({ entries: 0, since: 0 }, HOUR_MS)).toBe(false);
});

it("retention is the tenant's setting within what the platform allows", () => {
  expect(auditRetentionMs({})).toBe(400 * DAY_MS);
  expect(auditRetentionMs({ auditRetentionDays: 90 })).toBe(90 * DAY_MS);
  expect(auditRetentionMs({ auditRetentionDays: 1 })).toBe(30 * DAY_MS);
  expect(auditRetentionMs({ auditRetentionDays: "90" })).toBe(400 * DAY_MS);
});
