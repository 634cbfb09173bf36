import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { codeAt, stepAt } from "../../../domain/identity/totp.ts";
import { MINUTE_MS } from "../../../domain/kernel/time.ts";
import { answerSecondFactor } from "../../../services/identity/second-factor-challenge.ts";
import { recoveryCodes, secondFactors, signInChallenges } from "../../../services/identity/table.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { anApiKey, aTenant } from "../../support/a-tenant.ts";
import { type Answer, bearer, call, callAsOperator } from "../../support/client.ts";
import { expectProblem } from "../../support/guards.ts";
import { mailTo } from "../../support/mailbox.ts";

const PASSWORD = "correct horse battery staple 7";

interface Person {
  email: string;
  userId: string;
  headers: Record<string, string>;
  secret: Uint8Array;
  recoveryCodes: string[];
}

async function registered(): Promise<{ email: string; userId: string; headers: Record<string, string> }> {
  const email = `factor-${crypto.randomUUID()}@example.com`;
  const { body } = await call("/v1/auth/register", { body: { email, password: PASSWORD } });
  return { email, userId: body.user.id, headers: bearer(body.accessToken) };
}

/** Someone whose second factor is in force, confirmed long ago. */
async function aCarefulPerson(): Promise<Person> {
  const person = await registered();
  const { headers } = person;
  const enrolled = await call("/v1/auth/second-factor/enrol", { headers, body: { password: PASSWORD } });
  const secret = fromBase32(enrolled.body.secret);
  const body = { code: codeAt(secret, stepAt(Date.now())) };
  const confirmed = await call("/v1/auth/second-factor/confirm", { headers, body });
  expect(confirmed.status).toBe(200);
  const isTheirs = eq(secondFactors.userId, person.userId);
  await aPlatform().db.update(secondFactors).set({ lastStep: 0 }).where(isTheirs);
  return { ...person, secret, recoveryCodes: confirmed.body.recoveryCodes };
}

function logIn({ email }: { email: string }): Promise<Answer> {
  return call("/v1/auth/login", { body: { email, password: PASSWORD } });
}

async function challengeOf(person: Person): Promise<string> {
  return (await logIn(person)).body.challenge;
}

function answer(challenge: string, code: string): Promise<Answer> {
  return call("/v1/auth/second-factor", { body: { challenge, code } });
}

/** A code that works now. */
function present({ secret }: Person): string {
  return codeAt(secret, stepAt(Date.now()));
}

function wrongFor(person: Person): string {
  const right = [-1, 0, 1, 2].map((drift) => codeAt(person.secret, stepAt(Date.now()) + drift));
  return ["000000", "111111", "222222", "333333", "444444"].find((code) => !right.includes(code)) ?? "";
}

describe("signing in with a second factor", { timeout: 30_000 }, () => {
  it("asks for a code and opens no session before it", async () => {
    const person = await aCarefulPerson();
    const asked = await logIn(person);
    expectProblem(asked, 401, "second-factor-required");
    expect(asked.body).toMatchObject({ challenge: expect.stringMatching(/^ch_/), expiresAt: expect.any(String) });
    expect(JSON.stringify(asked.body)).not.toContain("accessToken");
    const signedIn = await answer(asked.body.challenge, present(person));
    expect(signedIn).toMatchObject({ status: 200, body: { user: { email: person.email } } });
    expect((await call("/v1/me", { headers: bearer(signedIn.body.accessToken) })).status).toBe(200);
  });

  it("does not ask one who has none, nor tells who has one to a wrong password", async () => {
    expect((await logIn(await registered())).status).toBe(200);
    const { email } = await aCarefulPerson();
    const wrong = await call("/v1/auth/login", { body: { email, password: "wrong password" } });
    expectProblem(wrong, 401, "unauthenticated");
  });

  it("takes a code once, in order and at once", async () => {
    const person = await aCarefulPerson();
    const code = present(person);
    const challenges = [await challengeOf(person), await challengeOf(person), await challengeOf(person)];
    const answers = await Promise.all(challenges.map((challenge) => answer(challenge, code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expectProblem(await answer(await challengeOf(person), code), 401, "unauthenticated");
  });

  it("takes a challenge once, and no more than five codes for it", async () => {
    const person = await aCarefulPerson();
    const spent = await challengeOf(person);
    expect((await answer(spent, person.recoveryCodes[0] ?? "")).status).toBe(200);
    expectProblem(await answer(spent, person.recoveryCodes[1] ?? ""), 401, "unauthenticated");

    const tried = await challengeOf(person);
    for (let n = 0; n < 5; n++) expectProblem(await answer(tried, wrongFor(person)), 401, "unauthenticated");
    expectProblem(await answer(tried, person.recoveryCodes[2] ?? ""), 401, "unauthenticated");
  });

  it("refuses a challenge past its five minutes, and one that nobody made", async () => {
    const person = await aCarefulPerson();
    const challenge = await challengeOf(person);
    const later = aPlatform({ clock: { now: () => Date.now() + 6 * MINUTE_MS } });
    const code = person.recoveryCodes[0] ?? "";
    const refusal = await answerSecondFactor(later, { challenge, code }).catch((error: { code: string }) => error.code);
    expect(refusal).toBe("unauthenticated");
    expectProblem(await answer("ch_nobody", code), 401, "unauthenticated");
  });

  it("takes each recovery code once, however it is typed", async () => {
    const person = await aCarefulPerson();
    const [code = ""] = person.recoveryCodes;
    expect((await answer(await challengeOf(person), code.toUpperCase().replaceAll("-", ""))).status).toBe(200);
    expectProblem(await answer(await challengeOf(person), code), 401, "unauthenticated");
    const left = await call("/v1/auth/second-factor", { headers: person.headers });
    expect(left.body).toEqual({ enabled: true, recoveryCodesLeft: 9 });
  });

  it("takes no recovery code of somebody else", async () => {
    const [one, other] = [await aCarefulPerson(), await aCarefulPerson()];
    expectProblem(await answer(await challengeOf(one), other.recoveryCodes[0] ?? ""), 401, "unauthenticated");
  });

  it("limits guesses over all challenges", async () => {
    const person = await aCarefulPerson();
    const statuses: number[] = [];
    for (let n = 0; n < 3; n++) {
      const challenge = await challengeOf(person);
      for (let m = 0; m < 4; m++) statuses.push((await answer(challenge, wrongFor(person))).status);
    }
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
    expect(statuses.slice(10)).toEqual([429, 429]);
  });

  it("records who was let in how, and who was refused", async () => {
    const person = await aCarefulPerson();
    await answer(await challengeOf(person), wrongFor(person));
    await answer(await challengeOf(person), person.recoveryCodes[0] ?? "");
    const { body } = await call("/v1/audit-entries", { headers: person.headers });
    const told = body.data.map((entry: { action: string; details: unknown }) => [entry.action, entry.details]);
    expect(told).toContainEqual(["session.refused", { reason: "wrong-code" }]);
    expect(told).toContainEqual(["session.started", { method: "recovery-code" }]);
    expect(told).toContainEqual(["second-factor.enabled", null]);
  });
});

describe("a second factor", { timeout: 30_000 }, () => {
  it("is not in force before a code confirmed it", async () => {
    const person = await registered();
    const { headers } = person;
    const { body } = await call("/v1/auth/second-factor/enrol", { headers, body: { password: PASSWORD } });
    expect(body.otpauthUrl).toContain(`secret=${body.secret}`);
    expect((await logIn(person)).status).toBe(200);
    const wrong = await call("/v1/auth/second-factor/confirm", { headers, body: { code: "000000" } });
    expect(wrong.status).toBe(422);
    expect((await call("/v1/auth/second-factor", { headers })).body).toEqual({ enabled: false, recoveryCodesLeft: 0 });
  });

  it("is enrolled only with the password, and never over one in force", async () => {
    const person = await aCarefulPerson();
    const { headers } = person;
    const wrong = await call("/v1/auth/second-factor/enrol", { headers, body: { password: "wrong password" } });
    expectProblem(wrong, 422, "validation-failed");
    const again = await call("/v1/auth/second-factor/enrol", { headers, body: { password: PASSWORD } });
    expectProblem(again, 409, "conflict");
  });

  it("is disabled with a code only", async () => {
    const person = await aCarefulPerson();
    const { headers } = person;
    const wrong = await call("/v1/auth/second-factor/disable", { headers, body: { code: wrongFor(person) } });
    expectProblem(wrong, 422, "validation-failed");
    const done = await call("/v1/auth/second-factor/disable", { headers, body: { code: present(person) } });
    expect(done.status).toBe(204);
    expect((await logIn(person)).status).toBe(200);
  });

  it("is a person's own: an API key has none", async () => {
    const key = await anApiKey(await aTenant(), ["*"]);
    expectProblem(await key.call("/v1/auth/second-factor"), 403, "forbidden");
  });

  it("rests sealed and hashed, and goes with the account", async () => {
    const person = await aCarefulPerson();
    await challengeOf(person);
    const { db } = aPlatform();
    const held = async () => [
      ...(await db.select().from(secondFactors).where(eq(secondFactors.userId, person.userId))),
      ...(await db.select().from(recoveryCodes).where(eq(recoveryCodes.userId, person.userId))),
      ...(await db.select().from(signInChallenges).where(eq(signInChallenges.userId, person.userId))),
    ];
    const rows = JSON.stringify(await held());
    expect(rows).not.toContain(Buffer.from(person.secret).toString("hex"));
    for (const code of person.recoveryCodes) expect(rows).not.toContain(code.replaceAll("-", ""));
    expect((await call("/v1/me", { method: "DELETE", headers: person.headers })).status).toBe(204);
    expect(await held()).toEqual([]);
  });
});

describe("the operator's reset of a second factor", { timeout: 30_000 }, () => {
  const reset = (userId: string, body: object = { reason: "Lost phone, identity checked by a call" }) =>
    callAsOperator(`/v1/operator/users/${userId}/second-factor/reset`, { method: "POST", body });

  it("lets the password alone sign in again, ends every session and tells the person", async () => {
    const person = await aCarefulPerson();
    expect((await reset(person.userId)).status).toBe(204);
    expectProblem(await call("/v1/me", { headers: person.headers }), 401, "unauthenticated");
    const { status, body } = await logIn(person);
    expect(status).toBe(200);
    await mailTo(person.email, /second factor was reset/);
    const { body: log } = await call("/v1/audit-entries?action=second-factor.reset", {
      headers: bearer(body.accessToken),
    });
    expect(log.data).toMatchObject([
      { actor: { type: "operator" }, details: { reason: "Lost phone, identity checked by a call" } },
    ]);
  });

  it("needs a reason, a person and a second factor", async () => {
    const { userId } = await registered();
    expectProblem(await reset(userId, {}), 422, "validation-failed");
    expectProblem(await reset(userId), 409, "conflict");
    expectProblem(await reset("usr_00000000000000000000000000"), 404, "not-found");
  });

  it("is the operator's alone", async () => {
    const owner = await aTenant();
    const path = `/v1/operator/users/${owner.userId}/second-factor/reset`;
    expectProblem(await owner.call(path, { body: { reason: "mine" } }), 401, "unauthenticated");
  });
});

function fromBase32(text: string): Uint8Array {
  const bits = [...text]
    .map((one) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(one).toString(2).padStart(5, "0"))
    .join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}
