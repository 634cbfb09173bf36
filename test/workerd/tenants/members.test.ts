import { describe, expect, it } from "vitest";
import { eventually } from "../../support/a-run.ts";
import { aMember, anApiKey, aTenant, inTenant } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";

const ABSENT = "usr_00000000000000000000000000";
const asRole = (role: string) => ({ method: "PATCH", body: { role } });

describe("members", () => {
  it("are listed in the order they joined, page by page", async () => {
    const owner = await aTenant();
    const others = [await aMember(owner, "admin"), await aMember(owner, "viewer")];
    const first = await owner.call("/v1/members?limit=2");
    const second = await owner.call(`/v1/members?limit=2&cursor=${first.body.nextCursor}`);
    const listed = [...first.body.data, ...second.body.data];
    expect(listed.map(({ userId }) => userId)).toEqual([owner, ...others].map(({ userId }) => userId));
    expect(second.body.nextCursor).toBeNull();
    expect(listed[0]).toMatchObject({ role: "owner", email: owner.email });
    expect((await owner.call(`/v1/members/${listed[1].userId}`)).body).toEqual(listed[1]);
    expectProblem(await owner.call(`/v1/members/${ABSENT}`), 404, "not-found");
  });

  it("do not show their addresses to viewers", async () => {
    const viewer = await aMember(await aTenant(), "viewer");
    const { body } = await viewer.call("/v1/members");
    expect(body.data.map(({ email }: { email: null }) => email)).toEqual([null, null]);
  });

  it("lose what they may do in the moment they are demoted", async () => {
    const owner = await aTenant();
    const admin = await aMember(owner, "admin");
    expect((await admin.call("/v1/api-keys")).status).toBe(200);
    const changed = await owner.call(`/v1/members/${admin.userId}`, asRole("member"));
    expect(changed).toMatchObject({ status: 200, body: { userId: admin.userId, role: "member" } });
    expectProblem(await admin.call("/v1/api-keys"), 403, "forbidden");
  });

  it("leave a trace in the log when they try what they may not do, once in a while", async () => {
    const owner = await aTenant();
    const viewer = await aMember(owner, "viewer");
    for (let n = 0; n < 3; n++)
      await viewer.call("/v1/invitations", { body: { email: "a@example.com", role: "viewer" } });
    const entries = await eventually(
      async () => (await owner.call("/v1/audit-entries?action=access.refused")).body.data,
      (found) => found.length > 0,
    );
    expect(entries).toMatchObject([
      {
        actor: { type: "user", id: viewer.userId },
        details: { method: "POST", route: "/v1/invitations", permission: "members:write" },
      },
    ]);
  });

  it("are out in the moment they are removed, and keep their other tenants", async () => {
    const [owner, other] = [await aTenant(), await aTenant()];
    const member = await aMember(owner, "member");
    const elsewhere = await inTenant(member, other, "member");
    expect((await member.call("/v1/me")).status).toBe(200);
    expect((await owner.call(`/v1/members/${member.userId}`, { method: "DELETE" })).status).toBe(204);
    expectProblem(await member.call("/v1/me"), 401, "unauthenticated");
    expect((await elsewhere.call("/v1/me")).status).toBe(200);
  });

  it("may leave, whatever their role", async () => {
    const owner = await aTenant();
    const viewer = await aMember(owner, "viewer");
    expect((await viewer.call(`/v1/members/${viewer.userId}`, { method: "DELETE" })).status).toBe(204);
    expectProblem(await viewer.call("/v1/me"), 401, "unauthenticated");
  });

  it.each([
    ["admin", "owner", "viewer"],
    ["admin", "admin", "member"],
    ["admin", "member", "owner"],
  ] as const)("are not an %s's to turn from %s to %s", async (actorRole, from, to) => {
    const owner = await aTenant();
    const [actor, target] = [await aMember(owner, actorRole), await aMember(owner, from)];
    expectProblem(await actor.call(`/v1/members/${target.userId}`, asRole(to)), 403, "forbidden");
    if (to !== "owner") {
      expectProblem(await actor.call(`/v1/members/${target.userId}`, { method: "DELETE" }), 403, "forbidden");
    }
  });

  it("are not a key's to raise above the role of its maker", async () => {
    const owner = await aTenant();
    const key = await anApiKey(await aMember(owner, "admin"), ["members:write"]);
    const member = await aMember(owner, "member");
    expectProblem(await key.call(`/v1/members/${member.userId}`, asRole("owner")), 403, "forbidden");
    expect((await key.call(`/v1/members/${member.userId}`, asRole("viewer"))).status).toBe(200);
  });

  it("are not a key's to make its equals: whoever finds one must not become an owner", async () => {
    const owner = await aTenant();
    const member = await aMember(owner, "member");
    for (const scopes of [["members:write"], ["*"]] as const) {
      const key = await anApiKey(owner, [...scopes]);
      const invitation = { body: { email: "finder@example.com", role: "owner" } };
      expectProblem(await key.call("/v1/invitations", invitation), 403, "forbidden");
      expectProblem(await key.call(`/v1/members/${member.userId}`, asRole("owner")), 403, "forbidden");
      expectProblem(await key.call(`/v1/members/${owner.userId}`, { method: "DELETE" }), 403, "forbidden");
    }
  });

  it.each([{ role: "root" }, { role: 1 }, {}, { role: "viewer", tenantId: "ten_1" }])("refuse %j", async (body) => {
    const owner = await aTenant();
    const member = await aMember(owner, "member");
    const answer = await owner.call(`/v1/members/${member.userId}`, { method: "PATCH", body });
    expectProblem(answer, 422, "validation-failed");
  });
});

describe("the last owner", () => {
  it("can neither step down nor leave", async () => {
    const owner = await aTenant();
    await aMember(owner, "admin");
    expectProblem(await owner.call(`/v1/members/${owner.userId}`, asRole("admin")), 409, "last-owner");
    expectProblem(await owner.call(`/v1/members/${owner.userId}`, { method: "DELETE" }), 409, "last-owner");
    expect((await owner.call("/v1/me")).body.role).toBe("owner");
  });

  it("remains when two owners step down, demote each other or leave at once", async () => {
    for (const init of [asRole("member"), { method: "DELETE" }]) {
      for (const crossed of [false, true]) {
        const one = await aTenant();
        const two = await aMember(one, "owner");
        const answers = await Promise.all([
          one.call(`/v1/members/${crossed ? two.userId : one.userId}`, init),
          two.call(`/v1/members/${crossed ? one.userId : two.userId}`, init),
        ]);
        const { members, status } = await ownersOf(one, two, answers);
        expect({ members, status }).toEqual({ members: 1, status: true });
      }
    }
  });
});

async function ownersOf(
  one: Awaited<ReturnType<typeof aTenant>>,
  two: Awaited<ReturnType<typeof aTenant>>,
  answers: { status: number }[],
) {
  const lists = await Promise.all([one.call("/v1/members"), two.call("/v1/members")]);
  const list = lists.find(({ status }) => status === 200)?.body.data ?? [];
  return {
    members: list.filter(({ role }: { role: string }) => role === "owner").length,
    status: answers.filter(({ status }) => status < 300).length === 1,
  };
}

refusesTheWrongActor({
  name: "GET /v1/members",
  permission: "members:read",
  namesResource: false,
  arrange: async () => ({ path: "/v1/members" }),
});
refusesTheWrongActor({
  name: "PATCH /v1/members/{userId}",
  permission: "members:write",
  namesResource: true,
  absent: { path: `/v1/members/${ABSENT}` },
  arrange: async (owner) => ({ path: `/v1/members/${(await aMember(owner, "member")).userId}`, ...asRole("viewer") }),
});
refusesTheWrongActor({
  name: "DELETE /v1/members/{userId}",
  permission: "members:write",
  namesResource: true,
  absent: { path: `/v1/members/${ABSENT}` },
  arrange: async (owner) => ({ path: `/v1/members/${(await aMember(owner, "member")).userId}`, method: "DELETE" }),
});
