import { describe, expect, it } from "vitest";
import { grantedRole } from "../../../domain/identity/invitation.ts";
import { canGrant, canManage } from "../../../domain/identity/membership.ts";
import { passwordFault } from "../../../domain/identity/password.ts";
import { refreshDecision, refreshExpiry } from "../../../domain/identity/session.ts";
import type { Role, Scope } from "../../../domain/kernel/permission.ts";

describe("a refresh token", () => {
  const fresh = {
    usedAt: null,
    expiresAt: 100_000,
    session: { endedAt: null, expiresAt: 200_000 },
    isSuccessorUsed: null,
  };
  const spent = { ...fresh, usedAt: 50_000, isSuccessorUsed: false };

  it.each([
    ["a fresh one", fresh, 60_000, "rotate"],
    ["an expired one", fresh, 100_000, "refuse"],
    ["one of an ended session", { ...fresh, session: { ...fresh.session, endedAt: 1 } }, 60_000, "refuse"],
    ["one of a session past its life", { ...fresh, session: { endedAt: null, expiresAt: 60_000 } }, 60_000, "refuse"],
    ["the parent within the grace", spent, 60_000, "repeat"],
    ["the parent after the grace", spent, 60_001, "reuse"],
    ["a grandparent within the grace", { ...spent, isSuccessorUsed: true }, 50_001, "reuse"],
    ["a spent one whose successor is gone", { ...spent, isSuccessorUsed: null }, 50_001, "reuse"],
    ["a spent one of an ended session", { ...spent, session: { endedAt: 1, expiresAt: 200_000 } }, 90_000, "refuse"],
  ])("%s", (_, token, now, decision) => {
    expect(refreshDecision(token, now)).toBe(decision);
  });

  it("lives seven days, but never longer than its session", () => {
    expect(refreshExpiry(0, 30 * 86_400_000)).toBe(7 * 86_400_000);
    expect(refreshExpiry(0, 1_000)).toBe(1_000);
  });
});

describe("roles", () => {
  const roles: Role[] = ["viewer", "member", "admin", "owner"];

  const person = (role: Role) => ({ kind: "user", userId: "usr_1", sessionId: "ses_1", role }) as const;
  const key = (role: Role, scopes: Scope[]) =>
    ({ kind: "api-key", keyId: "key_1", createdBy: "usr_1", role, scopes }) as const;

  it("let owners act on everyone, admins on those below, others on nobody", () => {
    const managed = (actor: Role) => roles.filter((target) => canManage(person(actor), target));
    expect(roles.map(managed)).toEqual([[], [], ["viewer", "member"], roles]);
  });

  it("let nobody grant above their own", () => {
    const granted = (actor: Role) => roles.filter((role) => canGrant(person(actor), role));
    expect(roles.map(granted)).toEqual([[], [], ["viewer", "member", "admin"], roles]);
  });

  it("make no key an owner, and a narrow one no admin", () => {
    const [all, narrow] = [key("owner", ["*"]), key("owner", ["members:write"])];
    expect(roles.filter((role) => canGrant(all, role))).toEqual(["viewer", "member", "admin"]);
    expect(roles.filter((role) => canGrant(narrow, role))).toEqual(["viewer", "member"]);
    expect(roles.filter((role) => canManage(all, role))).toEqual(["viewer", "member"]);
    expect(roles.filter((role) => canGrant(key("member", ["*"]), role))).toEqual([]);
  });

  it("cap an invitation at what the inviter holds now", () => {
    expect(grantedRole("owner", "admin")).toBe("admin");
    expect(grantedRole("viewer", "owner")).toBe("viewer");
    expect(grantedRole("viewer", "member")).toBeNull();
    expect(grantedRole("viewer", null)).toBeNull();
  });
});

describe("a password", () => {
  it.each(["Password1", "12345678", "QWERTYUIOP", "aaaaaaaa", "abababab", "ada@example.com", "Analytical"])(
    "is refused when it is %j",
    (password) => {
      expect(passwordFault(password, ["ada@example.com", "Analytical", undefined])).not.toBeNull();
    },
  );

  it("is taken when it is none of what anyone would try first", () => {
    expect(passwordFault("correct horse battery staple", ["ada@example.com"])).toBeNull();
  });
});
