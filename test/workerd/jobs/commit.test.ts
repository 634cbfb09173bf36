import { and, eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { asProblem, problem } from "../../../domain/kernel/problem.ts";
import { auditEntries } from "../../../services/audit/table.ts";
import { commit } from "../../../services/commit.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { tasks } from "../../../services/jobs/table.ts";
import { workflows } from "../../../services/workflows/table.ts";
import { aTenant } from "../../support/a-tenant.ts";

async function aContext(): Promise<ServiceContext> {
  const { ctx } = await aTenant();
  return ctx;
}

const row = (ctx: ServiceContext, name: string) => ({
  tenantId: ctx.tenant.id,
  name,
  id: ctx.ids.next("wf"),
  version: 1,
  createdAt: 0,
  updatedAt: 0,
});

const setVersion = (ctx: ServiceContext, name: string, from: number, to: number) =>
  ctx.db
    .update(workflows)
    .set({ version: to })
    .where(and(eq(workflows.tenantId, ctx.tenant.id), eq(workflows.name, name), eq(workflows.version, from)));

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return asProblem(error)?.code ?? String(error);
  }
}

async function stored(ctx: ServiceContext) {
  const rows = await ctx.db.select().from(workflows).where(eq(workflows.tenantId, ctx.tenant.id));
  const entries = await ctx.db.select().from(auditEntries).where(eq(auditEntries.tenantId, ctx.tenant.id));
  const queued = await ctx.db.select().from(tasks).where(eq(tasks.tenantId, ctx.tenant.id));
  return {
    versions: Object.fromEntries(rows.map(({ name, version }) => [name, version])),
    actions: entries.map(({ action }) => action).filter((action) => action.startsWith("test.")),
    tasks: queued.map(({ type }) => type),
  };
}

const task = { type: "knowledge-base.remove", payload: { knowledgeBaseId: "kb_none" } } as const;

describe("a commit", () => {
  it("lands change, audit entries and tasks together", async () => {
    const ctx = await aContext();
    await commit(ctx, {
      change: [ctx.db.insert(workflows).values(row(ctx, "a")), ctx.db.insert(workflows).values(row(ctx, "b"))],
      audit: [{ action: "test.first" }, { action: "test.second" }],
      tasks: [task],
    });
    expect(await stored(ctx)).toEqual({
      versions: { a: 1, b: 1 },
      actions: ["test.first", "test.second"],
      tasks: ["knowledge-base.remove"],
    });
  });

  it("refuses a lost update and leaves nothing of itself", async () => {
    const ctx = await aContext();
    await commit(ctx, { change: ctx.db.insert(workflows).values(row(ctx, "a")), audit: { action: "test.made" } });
    await commit(ctx, { change: setVersion(ctx, "a", 1, 2), audit: { action: "test.won" } });
    const late = commit(ctx, { change: setVersion(ctx, "a", 1, 9), audit: { action: "test.lost" }, tasks: [task] });
    expect(await failureOf(late)).toBe("conflict");
    expect(await stored(ctx)).toEqual({ versions: { a: 2 }, actions: ["test.made", "test.won"], tasks: [] });
  });

  it("undoes the first write when the second changes nothing", async () => {
    const ctx = await aContext();
    const both = commit(ctx, {
      change: [ctx.db.insert(workflows).values(row(ctx, "a")), setVersion(ctx, "absent", 1, 2)],
      audit: { action: "test.torn" },
    });
    expect(await failureOf(both)).toBe("conflict");
    expect(await stored(ctx)).toEqual({ versions: {}, actions: [], tasks: [] });
  });

  it("lets one of many racing updates win", async () => {
    const ctx = await aContext();
    await commit(ctx, { change: ctx.db.insert(workflows).values(row(ctx, "a")), audit: { action: "test.made" } });
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () =>
        failureOf(commit(ctx, { change: setVersion(ctx, "a", 1, 2), audit: { action: "test.raced" } })),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "none")).toHaveLength(1);
    expect((await stored(ctx)).actions).toEqual(["test.made", "test.raced"]);
  });

  it("answers a broken unique constraint with the problem its verb names", async () => {
    const ctx = await aContext();
    const insert = () =>
      commit(ctx, {
        change: ctx.db.insert(workflows).values(row(ctx, "same")),
        audit: { action: "test.made" },
        conflict: () => problem("email-taken"),
      });
    await insert();
    expect(await failureOf(insert())).toBe("email-taken");
  });

  it("lets statements that may find nothing find nothing", async () => {
    const ctx = await aContext();
    await commit(ctx, {
      change: ctx.db.insert(workflows).values(row(ctx, "a")),
      also: [setVersion(ctx, "absent", 1, 2)],
      audit: { action: "test.made" },
    });
    expect((await stored(ctx)).versions).toEqual({ a: 1 });
  });

  it("repeats a write whose connection was lost, and counts one that had landed once", async () => {
    const ctx = await aContext();
    const { db } = ctx;
    let calls = 0;
    const flaky: ServiceContext = {
      ...ctx,
      db: new Proxy(db, {
        get(target, member) {
          if (member !== "batch") return Reflect.get(target, member);
          return async (statements: Parameters<typeof db.batch>[0]) => {
            calls++;
            if (calls === 1) throw new Error("D1_ERROR: Network connection lost.");
            await target.batch(statements);
            if (calls === 2) throw new Error("D1_ERROR: Network connection lost.");
          };
        },
      }),
    };
    await commit(flaky, { change: db.insert(workflows).values(row(ctx, "a")), audit: { action: "test.flaky" } });
    expect(calls).toBe(2);
    expect(await stored(ctx)).toEqual({ versions: { a: 1 }, actions: ["test.flaky"], tasks: [] });
  });

  it("keeps audit entries from being changed or removed", async () => {
    const ctx = await aContext();
    await commit(ctx, { change: ctx.db.insert(workflows).values(row(ctx, "a")), audit: { action: "test.kept" } });
    const mine = eq(auditEntries.tenantId, ctx.tenant.id);
    const causeOf = async (work: PromiseLike<unknown>) => {
      try {
        await work;
        return "none";
      } catch (error) {
        return String((error as Error).cause ?? error);
      }
    };
    expect(await causeOf(ctx.db.update(auditEntries).set({ action: "test.forged" }).where(mine))).toContain(
      "append-only",
    );
    expect(await causeOf(ctx.db.delete(auditEntries).where(mine))).toContain("append-only");
  });
});
