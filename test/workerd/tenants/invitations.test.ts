import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { invitations, users } from "../../../services/identity/table.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { aMember, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { callAsOperator } from "../../support/client.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { mailsTo, mailTo, tokenIn } from "../../support/mailbox.ts";

const ABSENT = "inv_00000000000000000000000000";

async function invited(inviter: TestMember, guest: TestMember, role = "member") {
  const before = await mailsTo(guest.email);
  const { status, body } = await inviter.call("/v1/invitations", { body: { email: guest.email, role } });
  expect(status).toBe(201);
  return { id: body.id, token: tokenIn(await mailTo(guest.email, /invited/, before.length)) };
}

const accept = (guest: TestMember, token: string) => guest.call("/v1/invitations/accept", { body: { token } });

describe("invitations", () => {
  it("make who holds the mail and the address a member", async () => {
    const [owner, guest] = [await aTenant("Host"), await aTenant()];
    const { id, token } = await invited(owner, guest, "admin");
    const { body: pending } = await owner.call("/v1/invitations");
    expect(pending.data).toMatchObject([{ email: guest.email, role: "admin", invitedBy: owner.userId }]);
    expect(JSON.stringify(pending)).not.toContain(token);
    expect((await owner.call(`/v1/invitations/${id}`)).body).toEqual(pending.data[0]);

    const accepted = await accept(guest, token);
    expect(accepted).toMatchObject({ status: 200, body: { id: owner.tenantId, name: "Host", role: "admin" } });
    const switched = await guest.call("/v1/auth/switch-tenant", { body: { tenantId: owner.tenantId } });
    expect(switched.status).toBe(200);
    expect((await owner.call("/v1/invitations")).body.data).toEqual([]);
    expectProblem(await owner.call(`/v1/invitations/${id}`), 404, "not-found");
  });

  it("are accepted once, even at the same time", async () => {
    const [owner, guest] = [await aTenant(), await aTenant()];
    const { token } = await invited(owner, guest);
    const answers = await Promise.all([accept(guest, token), accept(guest, token)]);
    expect(answers.map(({ status }) => status < 300).sort()).toEqual([false, true]);
    expectProblem(await accept(guest, token), 404, "not-found");
  });

  it("are either accepted or revoked, never both", async () => {
    const [owner, guest] = [await aTenant(), await aTenant()];
    const { id, token } = await invited(owner, guest);
    const [accepted, revoked] = await Promise.all([
      accept(guest, token),
      owner.call(`/v1/invitations/${id}`, { method: "DELETE" }),
    ]);
    expect([accepted.status < 300, revoked.status < 300].sort()).toEqual([false, true]);
    const { body } = await owner.call("/v1/members");
    expect(body.data).toHaveLength(accepted.status < 300 ? 2 : 1);
  });

  it("are for the invited address alone, and only once it is verified", async () => {
    const [owner, guest, other] = [await aTenant(), await aTenant(), await aTenant()];
    const { token } = await invited(owner, guest);
    expectProblem(await accept(other, token), 403, "forbidden");
    const { db } = aPlatform();
    await db.update(users).set({ emailVerifiedAt: null }).where(eq(users.id, guest.userId));
    expectProblem(await accept(guest, token), 403, "email-not-verified");
  });

  it("end by time, by a newer one and by being revoked", async () => {
    const [owner, guest] = [await aTenant(), await aTenant()];
    const first = await invited(owner, guest);
    const second = await invited(owner, guest);
    expectProblem(await accept(guest, first.token), 404, "not-found");
    expect((await owner.call(`/v1/invitations/${second.id}`, { method: "DELETE" })).status).toBe(204);
    expectProblem(await accept(guest, second.token), 404, "not-found");
    const third = await invited(owner, guest);
    const { db } = aPlatform();
    await db
      .update(invitations)
      .set({ expiresAt: Date.now() - 1 })
      .where(eq(invitations.id, third.id));
    expectProblem(await accept(guest, third.token), 404, "not-found");
  });

  it("give no more than the inviter holds when they are accepted, and nothing once the inviter has left", async () => {
    const [owner, guest, late] = [await aTenant(), await aTenant(), await aTenant()];
    const inviter = await aMember(owner, "owner");
    const tokens = [await invited(inviter, guest, "owner"), await invited(inviter, late, "viewer")];
    await owner.call(`/v1/members/${inviter.userId}`, { method: "PATCH", body: { role: "admin" } });
    expect((await accept(guest, tokens[0]?.token ?? "")).body.role).toBe("admin");
    await owner.call(`/v1/members/${inviter.userId}`, { method: "DELETE" });
    expectProblem(await accept(late, tokens[1]?.token ?? ""), 404, "not-found");
  });

  it("cannot be for a role above one's own, nor for a member", async () => {
    const owner = await aTenant();
    const admin = await aMember(owner, "admin");
    const asOwner = { body: { email: "new@example.com", role: "owner" } };
    expectProblem(await admin.call("/v1/invitations", asOwner), 403, "forbidden");
    const again = { body: { email: admin.email.toUpperCase(), role: "viewer" } };
    expectProblem(await owner.call("/v1/invitations", again), 409, "conflict");
  });

  it("take the last seat once: open ones count, and of two who take it at the same time one gets it", async () => {
    const owner = await aTenant();
    const limitTo = (limit: number) =>
      callAsOperator(`/v1/operator/tenants/${owner.tenantId}/limits`, {
        method: "PUT",
        body: { limits: { members: { limit } }, reason: "Seats of the test" },
      });
    await limitTo(3);
    const [guest, other, late] = [await aTenant(), await aTenant(), await aTenant()];
    const tokens = [await invited(owner, guest), await invited(owner, other)];
    const invite = { body: { email: late.email, role: "viewer" } };
    const full = await owner.call("/v1/invitations", invite);
    expectProblem(full, 429, "quota-exceeded");
    expect(full.body).toMatchObject({
      "violated-policies": ["members"],
      upgradeUrl: expect.stringContaining("/billing"),
    });
    expect((await owner.call("/v1/limits")).body.limits).toContainEqual(
      expect.objectContaining({ name: "members", limit: 3, used: 3, remaining: 0, source: "operator" }),
    );
    expect((await invited(owner, guest)).id).not.toBe(tokens[0]?.id);
    const again = await invited(owner, guest);

    expect((await limitTo(2)).status).toBe(200);
    const answers = await Promise.all([accept(guest, again.token), accept(other, tokens[1]?.token ?? "")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429]);
    expect((await owner.call("/v1/members")).body.data).toHaveLength(2);
  });

  it("lead into no suspended tenant, and neither does switching", async () => {
    const [owner, guest, member] = [await aTenant(), await aTenant(), await aTenant()];
    const { token } = await invited(owner, guest);
    expect((await accept(member, (await invited(owner, member)).token)).status).toBe(200);
    const body = { reason: "Test" };
    await callAsOperator(`/v1/operator/tenants/${owner.tenantId}/suspend`, { body });
    expectProblem(await accept(guest, token), 403, "tenant-suspended");
    const switching = { body: { tenantId: owner.tenantId } };
    expectProblem(await member.call("/v1/auth/switch-tenant", switching), 403, "tenant-suspended");
    await callAsOperator(`/v1/operator/tenants/${owner.tenantId}/resume`, { body });
    expect((await accept(guest, token)).status).toBe(200);
    expect((await member.call("/v1/auth/switch-tenant", switching)).status).toBe(200);
  });

  it("do not flood a mailbox", async () => {
    const [owner, guest] = [await aTenant(), await aTenant()];
    const invite = () => owner.call("/v1/invitations", { body: { email: guest.email, role: "viewer" } });
    const statuses: number[] = [];
    for (let n = 0; n < 11; n++) statuses.push((await invite()).status);
    expect(statuses).toEqual([...Array(10).fill(201), 429]);
  });

  it.each([{ email: "nobody", role: "viewer" }, { email: "a@example.com" }, { email: "a@example.com", role: "root" }])(
    "refuse %j",
    async (body) => {
      expectProblem(await (await aTenant()).call("/v1/invitations", { body }), 422, "validation-failed");
    },
  );

  it.each(["garbage", "in_00"])("refuse the token %j", async (token) => {
    expectProblem(await accept(await aTenant(), token), 404, "not-found");
  });
});

refusesTheWrongActor({
  name: "POST /v1/invitations",
  permission: "members:write",
  namesResource: false,
  arrange: async () => ({ path: "/v1/invitations", body: { email: "guest@example.com", role: "viewer" } }),
});
refusesTheWrongActor({
  name: "DELETE /v1/invitations/{id}",
  permission: "members:write",
  namesResource: true,
  absent: { path: `/v1/invitations/${ABSENT}` },
  arrange: async (owner) => {
    const body = { email: "guest@example.com", role: "viewer" };
    const { body: created } = await owner.call("/v1/invitations", { body });
    return { path: `/v1/invitations/${created.id}`, method: "DELETE" };
  },
});
