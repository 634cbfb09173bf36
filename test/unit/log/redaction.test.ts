import { expect, it } from "vitest";
import { consoleLog } from "../../../adapters/log.ts";

const hex = "0123456789abcdef".repeat(4);

function logged(write: (log: ReturnType<typeof consoleLog>) => void): string {
  const lines: string[] = [];
  write(consoleLog({ write: (line) => void lines.push(line) }));
  return lines.join("\n");
}

it.each([
  ["an API key", `weft_live_${"a".repeat(36)}`],
  ["a refresh token", `rt_${hex}`],
  ["a verification token", `ev_${hex}`],
  ["a reset token", `pr_${hex}`],
  ["an invitation", `in_${hex}`],
  ["a link that brings back", `rs_${hex}`],
  ["a second factor's challenge", `ch_${hex}`],
  ["an access token", "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3IifQ.c2lnbmF0dXJl"],
  ["a provider's key", "sk-proj-0123456789abcdef"],
  ["a webhook secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
])("%s is masked wherever it stands", (_, secret) => {
  const text = logged((log) => {
    log.past("event", [{ at: 0, path: `/v1/x?y=${secret}` }]);
    log.info("event", { path: `/v1/x?y=${secret}`, deep: [{ note: `said ${secret}.` }] });
    log.error("failed", new Error(`could not use ${secret}`, { cause: new Error(secret) }));
  });
  expect(text).not.toContain(secret);
  expect(text).toContain("[redacted]");
});

it.each(["password", "newPassword", "clientSecret", "accessToken", "Authorization", "cookie", "api_key", "x-api-key"])(
  "a member named %s is masked whatever it holds",
  (name) => {
    expect(logged((log) => log.warn("event", { of: { [name]: "hunter2" } }))).not.toContain("hunter2");
  },
);

it("what a failed statement was given is masked, the statement is not", () => {
  const error = new Error(
    "Failed query: insert into users (id, email) values (?, ?)\nparams: usr_1,ada@example.com\n\nmore",
  );
  const text = logged((log) => log.error("failed", new Error("outer", { cause: error })));
  expect(text).not.toMatch(/ada@example|more/);
  expect(text).toContain("insert into users (id, email) values (?, ?)");
  expect(text).toMatch(/redaction\.test\.ts/);
});

it("what is no secret stays readable", () => {
  expect(logged((log) => log.info("request", { requestId: "req_01m9t6r3a8k2p0x4c7v5b1n9q6", status: 200 }))).toContain(
    '"requestId":"req_01m9t6r3a8k2p0x4c7v5b1n9q6","status":200',
  );
});

const past = (isText: boolean) => {
  const written: string[] = [];
  consoleLog({ write: (text) => void written.push(text), isText }).past("request", [
    { at: 0, requestId: "a" },
    { at: 1_000, requestId: "b" },
  ]);
  return written;
};
const A = '{"at":"1970-01-01T00:00:00.000Z","level":"info","event":"request","requestId":"a"}';
const B = '{"at":"1970-01-01T00:00:01.000Z","level":"info","event":"request","requestId":"b"}';

it("what is past is told at its own time: a record a line, and a text for all of them where the log is one", () => {
  expect(past(false)).toEqual([A, B]);
  expect(past(true)).toEqual([`${A}\n${B}`]);
});
