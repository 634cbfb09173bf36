import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { authenticateBearer } from "../../../services/identity/authenticate-bearer.ts";
import { forgetPrincipals, type Principal, principalOf } from "../../../services/identity/principals.ts";
import { sessions } from "../../../services/identity/table.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { anApiKey, aTenant } from "../../support/a-tenant.ts";

const principal: Principal = { tenantId: "ten_1", actor: { kind: "operator" }, expiresAt: null };
const at = (now: number) => aPlatform({ clock: { now: () => now } });

describe("what an isolate remembers of a credential", () => {
  it("spares the look-up for three seconds and no longer, so that a revocation elsewhere is seen", async () => {
    const owner = await aTenant();
    const now = Date.now();
    expect(await authenticateBearer(at(now), owner.token)).not.toBeNull();
    // As another isolate would end it: without this one being told.
    await at(now).db.update(sessions).set({ endedAt: now }).where(eq(sessions.id, owner.sessionId));
    expect(await authenticateBearer(at(now + 2_999), owner.token)).not.toBeNull();
    expect(await authenticateBearer(at(now + 3_000), owner.token)).toBeNull();
  });

  it("ends with the token, not after it", async () => {
    const { ctx, userId, tenantId, sessionId, role } = await aTenant();
    const token = await ctx.ports.tokenSigner.sign({ userId, tenantId, sessionId, role }, 1);
    const end = (await ctx.ports.tokenSigner.verify(token))?.expiresAt ?? 0;
    expect(await authenticateBearer(at(end - 1), token)).not.toBeNull();
    expect(await authenticateBearer(at(end), token)).toBeNull();
  });

  it("is not taken from a look-up that a revocation overtook", async () => {
    const key = crypto.randomUUID();
    let loads = 0;
    const load = async () => {
      loads += 1;
      if (loads === 1) forgetPrincipals(() => true);
      return principal;
    };
    for (let i = 0; i < 3; i++) await principalOf(key, 0, load);
    expect(loads).toBe(2);
  });

  it("does not grow without bound", async () => {
    const first = crypto.randomUUID();
    let loads = 0;
    const load = async () => {
      loads += 1;
      return principal;
    };
    await principalOf(first, 0, load);
    for (let i = 0; i < 10_000; i++) await principalOf(`${first}-${i}`, 0, load);
    loads = 0;
    await principalOf(first, 0, load);
    expect(loads).toBe(1);
    forgetPrincipals(() => true);
  });

  it("tells the last use of a key within a minute", async () => {
    const owner = await aTenant();
    const { key, id } = await anApiKey(owner, ["settings:read"]);
    const platform = aPlatform();
    await authenticateBearer(platform, key);
    await platform.settled();
    const { body } = await owner.call("/v1/api-keys");
    expect(body.data).toMatchObject([{ id, lastUsedAt: expect.any(String) }]);
  });
});
