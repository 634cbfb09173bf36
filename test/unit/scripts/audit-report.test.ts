import { describe, expect, it } from "vitest";
import { judgeAuditReport } from "../../../scripts/check/audit-report.ts";

const advisory = {
  ...{ source: 1, name: "left", dependency: "left", title: "Reads beyond its bounds", severity: "high" },
  ...{ url: "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", range: "<1.2.3", cwe: [] },
};

/** As npm writes it. */
function report(via: unknown[], counts = { high: 1, critical: 0, total: 1 }, more = {}): string {
  const left = { name: "left", severity: "high", isDirect: true, via, effects: [], range: "<1.2.3", nodes: [] };
  const right = { ...left, name: "right", via: ["left"] };
  return JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: { left, right },
    metadata: { vulnerabilities: counts },
    ...more,
  });
}

const accepted = [
  {
    id: "GHSA-aaaa-bbbb-cccc",
    package: "left",
    reason: "Only its writer is used, never its reader.",
    until: "2030-06-30",
  },
];
const today = "2030-01-01";

describe("the report on dependencies", () => {
  it("fails on a grave advisory and names it", () => {
    const outcome = judgeAuditReport(report([advisory]), [], today);
    expect(outcome).toMatchObject({ status: "failed", summary: "1 known, 1 grave, 0 accepted" });
    expect(outcome.details).toBe(
      "high: left <1.2.3: Reads beyond its bounds (https://github.com/advisories/GHSA-aaaa-bbbb-cccc)",
    );
  });

  it("passes what is minor, and what is empty", () => {
    const minor = report([{ ...advisory, severity: "moderate" }], { high: 0, critical: 0, total: 1 });
    expect(judgeAuditReport(minor, [], today)).toMatchObject({ status: "ok", summary: "1 known, 0 grave, 0 accepted" });
    const none = {
      auditReportVersion: 2,
      vulnerabilities: {},
      metadata: { vulnerabilities: { high: 0, critical: 0, total: 0 } },
    };
    expect(judgeAuditReport(JSON.stringify(none), [], today).status).toBe("ok");
  });

  it("passes an accepted one until its end, and nothing like it", () => {
    expect(judgeAuditReport(report([advisory]), accepted, today).status).toBe("ok");
    expect(judgeAuditReport(report([advisory]), accepted, "2030-07-01").status).toBe("failed");
    const other = { ...advisory, url: "https://github.com/advisories/GHSA-aaaa-bbbb-dddd" };
    expect(judgeAuditReport(report([advisory, other]), accepted, today).status).toBe("failed");
  });

  it("fails when it cannot be understood, or counts more than it names", () => {
    expect(judgeAuditReport(report([{ shape: "new" }]), [], today).status).toBe("failed");
    expect(judgeAuditReport(report([advisory], undefined, { auditReportVersion: 3 }), [], today).status).toBe("failed");
    expect(judgeAuditReport("{}", [], today).status).toBe("failed");
    const noLock = { error: { code: "ENOLOCK", summary: "This command requires an existing lockfile.", detail: "" } };
    expect(judgeAuditReport(JSON.stringify(noLock), [], today).status).toBe("failed");
    expect(judgeAuditReport(report([]), [], today)).toMatchObject({ status: "failed" });
  });

  it.each([
    ["nothing", "", "npm said nothing"],
    ["text", "npm error network", "npm said no JSON"],
    [
      "a refusal",
      '{"message":"405 Method Not Allowed","statusCode":405,"body":"","error":{"summary":"","detail":""}}',
      "405 Method Not Allowed",
    ],
    ["an error", '{"error":{"code":"ENOTFOUND","summary":"no such host","detail":""}}', "no such host"],
  ])("is skipped, visibly, when npm says %s", (_, text, why) => {
    expect(judgeAuditReport(text, accepted, today)).toEqual({
      status: "absent",
      summary: `skipped, nothing was checked: ${why}`,
      details: "",
    });
  });
});
