import { describe, expect, it } from "vitest";
import { LEAST_ROLE, type Permission, Role, roleAllows, type Scope } from "../../domain/kernel/permission.ts";
import { aMember, anApiKey, aTenant, type TestMember } from "./a-tenant.ts";
import { type Answer, bearer, type CallInit, call } from "./client.ts";

export interface GuardedRequest {
  /** For the names of the tests: `POST /v1/runs/{id}/stop`. */
  name: string;
  permission: Permission;
  /** Makes what the request is about, as the tenant's owner, and tells how to ask for it. */
  arrange(owner: TestMember): Promise<{ path: string } & CallInit>;
  /** The request names a resource by its id, so another tenant must not learn that it exists. */
  namesResource: boolean;
  /** The same request for an id that never existed. Needed when `namesResource`. */
  absent?: { path: string };
}

/** What every operation refuses: no key, bad keys, a token past its time, too few permissions, another tenant. */
export function refusesTheWrongActor(request: GuardedRequest): void {
  describe(`${request.name} refuses the wrong actor`, () => {
    it("answers 401 without a credential", async () => {
      const { path, ...init } = await request.arrange(await aTenant());
      expectProblem(await call(path, init), 401, "unauthenticated");
    });

    it.each([
      ["a word", "garbage"],
      ["a token that nobody signed", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."],
      ["a key with a wrong checksum", `weft_live_${"a".repeat(36)}`],
    ])("answers 401 to %s", async (_, token) => {
      const { path, ...init } = await request.arrange(await aTenant());
      expectProblem(
        await call(path, { ...init, headers: { ...init.headers, ...bearer(token) } }),
        401,
        "unauthenticated",
      );
    });

    it("answers 401 to an expired token", async () => {
      const owner = await aTenant();
      const { path, ...init } = await request.arrange(owner);
      const { userId, tenantId, sessionId, role } = owner;
      const expired = await owner.ctx.ports.tokenSigner.sign({ userId, tenantId, sessionId, role }, -60);
      expectProblem(
        await call(path, { ...init, headers: { ...init.headers, ...bearer(expired) } }),
        401,
        "unauthenticated",
      );
    });

    const tooLow = Role.options.filter((role) => !roleAllows(role, request.permission));
    it.each(tooLow)("answers 403 to a %s", async (role) => {
      const owner = await aTenant();
      const { path, ...init } = await request.arrange(owner);
      expectProblem(await (await aMember(owner, role)).call(path, init), 403, "forbidden");
    });

    it("answers 403 to an API key without the scope", async () => {
      const owner = await aTenant();
      const { path, ...init } = await request.arrange(owner);
      const key = await anApiKey(owner, [otherScope(request.permission)]);
      expectProblem(await key.call(path, init), 403, "forbidden");
    });

    const { namesResource, absent: absentRequest } = request;
    if (!namesResource) return;
    it("answers another tenant exactly as if there were no such resource", async () => {
      const { path, ...init } = await request.arrange(await aTenant());
      const stranger = await aTenant();
      const foreign = await stranger.call(path, init);
      const absent = await stranger.call(absentRequest?.path ?? "", init);
      expectProblem(foreign, 404, "not-found");
      expect(comparable(foreign)).toEqual(comparable(absent));
    });
  });
}

export function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body?.code }).toEqual({ status, code });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
}

function comparable({ status, body, headers }: Answer): unknown {
  const { instance: _, requestId: __, ...rest } = body;
  return { status, body: rest, contentType: headers.get("content-type") };
}

function otherScope(permission: Permission): Scope {
  const other = (Object.keys(LEAST_ROLE) as Permission[]).find(
    (name) => name !== permission && name !== "tenant:delete",
  );
  if (other === undefined) throw new Error("There is only one permission.");
  return other;
}
