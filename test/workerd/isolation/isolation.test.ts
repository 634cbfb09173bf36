import { createExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { Hono } from "hono";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { notFound, problem } from "../../../domain/kernel/problem.ts";
import { apiKeys } from "../../../services/identity/table.ts";
import { OPERATIONS } from "../../../workers/http/app.ts";
import type { HttpEnv } from "../../../workers/http/env.ts";
import { answerError } from "../../../workers/http/middleware/problem.ts";
import { requestScope } from "../../../workers/http/middleware/request-scope.ts";
import { type Operation, reply, routes } from "../../../workers/http/operation.ts";
import { aHouse, type House, settled } from "./a-house.ts";
import { type Send, walkAccess, walkIsolation } from "./walk.ts";

const platform: Send = (request) => exports.default.fetch(request);

describe("every operation of the platform", () => {
  let house: House;
  let stranger: House;
  beforeAll(async () => {
    house = await aHouse("amber");
    stranger = await aHouse("birch");
  }, 30_000);

  it("lets in whom its access names, and nobody else", { timeout: 120_000 }, async () => {
    expect(OPERATIONS.length).toBeGreaterThan(80);
    expect(await walkAccess(platform, OPERATIONS, house)).toEqual([]);
  });

  it("answers another tenant's resources as if they were not there", { timeout: 120_000 }, async () => {
    await Promise.all([settled(house), settled(stranger)]);
    expect(await walkIsolation(platform, OPERATIONS, house, stranger)).toEqual([]);
  });
});

describe("the walk itself", () => {
  const db = drizzle(env.DB, { casing: "snake_case" });
  const ById = z.object({ id: z.string() });
  const about = { tag: "Planted", summary: "A mistake", params: ById, returns: { 200: z.unknown() } } as const;

  async function findings(plant: (surface: ReturnType<typeof routes>) => void, kind: "access" | "isolation") {
    const surface = routes();
    plant(surface);
    const app = new Hono<HttpEnv>();
    app.use(requestScope());
    surface.mount(app);
    app.onError((error, http) => answerError(error, http));
    const send: Send = async (request) => app.fetch(request, env, createExecutionContext());
    const [house, stranger] = [await aHouse("cedar"), await aHouse("doric")];
    const operations = surface.operations.map((operation): Operation => ({ ...operation, access: "keys:read" }));
    const found =
      kind === "access"
        ? await walkAccess(send, operations, house)
        : await walkIsolation(send, operations, house, stranger);
    return found.map(({ what }) => what).join("\n");
  }

  it("notices a query that forgot the tenant", async () => {
    const found = await findings((surface) => {
      surface.add(
        { ...about, method: "get", path: "/v1/api-keys/{id}", id: "planted", access: "keys:read" },
        async (call) => {
          const [row] = await db.select().from(apiKeys);
          return reply(200, {
            asked: call.params.id,
            row: row?.id,
            all: (await db.select().from(apiKeys)).map(({ id }) => id),
          });
        },
      );
    }, "isolation");
    expect(found).toContain("tells key_");
  });

  it("notices a refusal that tells that something is there", async () => {
    const found = await findings((surface) => {
      surface.add(
        { ...about, method: "get", path: "/v1/api-keys/{id}", id: "planted", access: "keys:read" },
        async (call) => {
          const held = await db.select({ id: apiKeys.id }).from(apiKeys);
          throw held.some(({ id }) => id === call.params.id) ? problem("forbidden") : notFound("API key");
        },
      );
    }, "isolation");
    expect(found).toContain("tells foreign from absent");
  });

  it("notices a write that forgot the tenant", async () => {
    const found = await findings((surface) => {
      surface.add(
        { ...about, method: "post", path: "/v1/api-keys/{id}", id: "planted", access: "keys:read" },
        async () => {
          await db.update(apiKeys).set({ name: "changed" });
          return reply(200, {});
        },
      );
    }, "isolation");
    expect(found).toContain("rows were changed");
  });

  it("notices an operation whose access is too wide or checked by nobody", async () => {
    const found = await findings((surface) => {
      surface.add({ ...about, method: "get", path: "/v1/api-keys/{id}", id: "planted", access: "public" }, () =>
        reply(200, {}),
      );
    }, "access");
    expect(found).toContain("answers 200 instead of 401");
    expect(found).toContain("answers 200 instead of 403");
  });

  it("asks for an example of whatever is new", async () => {
    const walk = findings((surface) => {
      surface.add({ ...about, method: "get", path: "/v1/novelties/{id}", id: "planted", access: "keys:read" }, () =>
        reply(200, {}),
      );
    }, "isolation");
    await expect(walk).rejects.toThrow("The house has no example of /v1/novelties/{id}");
  });
});
