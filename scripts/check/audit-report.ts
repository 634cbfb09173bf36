import * as z from "zod";
import { failed, type Outcome, ok } from "./step.ts";

// What `npm audit --json` says, judged.
//   D1  a report that is there is read whole or the step fails: what cannot be understood is never taken for nothing found.
//   D2  no report at all is told apart from an empty one; the step is then skipped, and says why.
//   D3  a grave advisory passes only while the list of accepted ones names it, with a reason and an end.

const Advisory = z.object({ url: z.string(), title: z.string(), severity: z.string(), range: z.string() });

const Report = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    // A text names another entry of the report, through which the package is affected.
    z.object({ name: z.string(), severity: z.string(), via: z.array(z.union([z.string(), Advisory])) }),
  ),
  metadata: z.object({ vulnerabilities: z.object({ high: z.int(), critical: z.int(), total: z.int() }) }),
});

/** What npm prints when the registry refused or could not be reached. */
const Unanswered = z.object({
  message: z.string().optional(),
  error: z.object({ code: z.string().optional(), summary: z.string() }),
});
/** Not the registry's silence, but a fault of ours: no lock file, no manifest. */
const OUR_FAULT = /^E(NOLOCK|AUDIT)/;

export const AcceptedAdvisories = z.array(
  z.strictObject({
    id: z.string().regex(/^GHSA(-[0-9a-z]{4}){3}$/),
    package: z.string(),
    reason: z.string().min(20),
    until: z.iso.date(),
  }),
);
export type AcceptedAdvisories = z.infer<typeof AcceptedAdvisories>;

const REFUSED = ["high", "critical"];

export function judgeAuditReport(text: string, accepted: AcceptedAdvisories, today: string): Outcome {
  const said = parsed(text);
  if (said === undefined) return skipped(text.trim() === "" ? "npm said nothing" : "npm said no JSON");
  const unanswered = Unanswered.safeParse(said);
  if (unanswered.success) {
    const { message, error } = unanswered.data;
    return OUR_FAULT.test(error.code ?? "") ? failed(error.summary) : skipped(message ?? error.summary);
  }
  const report = Report.safeParse(said);
  if (!report.success) return failed(z.prettifyError(report.error), "the report cannot be read");

  const found = advisoriesOf(report.data);
  const grave = found.filter(({ severity }) => REFUSED.includes(severity));
  const open = grave.filter((one) => !accepted.some((entry) => isAccepted(entry, one, today)));
  const { high, critical, total } = report.data.metadata.vulnerabilities;
  const summary = `${total} known, ${high + critical} grave, ${grave.length - open.length} accepted`;
  if (high + critical > 0 && grave.length === 0) return failed("The report counts more than it names.", summary);
  if (open.length === 0) return ok(summary);
  return failed(
    open.map(({ severity, name, range, title, url }) => `${severity}: ${name} ${range}: ${title} (${url})`).join("\n"),
    summary,
  );
}

type Found = z.infer<typeof Advisory> & { name: string };

function advisoriesOf({ vulnerabilities }: z.infer<typeof Report>): Found[] {
  return Object.values(vulnerabilities).flatMap(({ name, via }) =>
    via.flatMap((cause) => (typeof cause === "string" ? [] : [{ ...cause, name }])),
  );
}

function isAccepted(entry: AcceptedAdvisories[number], { url, name }: Found, today: string): boolean {
  return url.endsWith(`/${entry.id}`) && entry.package === name && today <= entry.until;
}

function skipped(reason: string): Outcome {
  return { status: "absent", summary: `skipped, nothing was checked: ${reason.slice(0, 120)}`, details: "" };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
