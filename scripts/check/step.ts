import type { CommandResult } from "./command.ts";
import { type Finding, formatFinding } from "./finding.ts";

export interface Step {
  name: string;
  run(): Promise<Outcome>;
}

export interface Outcome {
  status: "ok" | "failed" | "absent";
  /** A few words for the step's line. */
  summary: string;
  /** Shown below the list when the step failed. */
  details: string;
}

export const ok = (summary = ""): Outcome => ({ status: "ok", summary, details: "" });
export const failed = (details: string, summary = ""): Outcome => ({ status: "failed", summary, details });
/** What the step checks has not been written yet; the summary names the missing source. */
export const absent = (source: string): Outcome => ({
  status: "absent",
  summary: `${source} is not there yet`,
  details: "",
});

export function ofCommand({ ok: succeeded, output }: CommandResult): Outcome {
  return succeeded ? ok() : failed(output);
}

export function ofFindings(findings: readonly Finding[], looked: string): Outcome {
  if (findings.length === 0) return ok(looked);
  return failed(findings.map(formatFinding).join("\n"), `${findings.length} broken`);
}

export interface Finished extends Outcome {
  name: string;
  ms: number;
}

/** Runs the steps in order, `width` at a time, telling each as it ends; a step that throws has failed. */
export async function runSteps(
  steps: readonly Step[],
  width: number,
  tell: (step: Finished) => void,
): Promise<Finished[]> {
  const finished: Finished[] = [];
  const waiting = steps.values();
  const lane = async () => {
    for (const step of waiting) {
      const started = performance.now();
      const outcome = await step
        .run()
        .catch((error: unknown) => failed(error instanceof Error ? (error.stack ?? error.message) : String(error)));
      const done = { ...outcome, name: step.name, ms: performance.now() - started };
      finished.push(done);
      tell(done);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return finished;
}
