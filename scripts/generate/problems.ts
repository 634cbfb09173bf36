import type { GeneratedDocument } from "./document.ts";

/** The page every problem's `type` leads to: one section a type, under its own anchor. */
export function problemsDocument(): GeneratedDocument {
  return {
    output: "docs/problems.md",
    source: "domain/kernel/problem.ts",
    render: async () => {
      const { PROBLEMS } = await import("../../domain/kernel/problem.ts");
      const rows = Object.entries(PROBLEMS).map(([code, { status, title, retryable }]) => {
        return `## ${code}\n\n${status}: ${title}. ${retryable ? RETRYABLE : FINAL}\n`;
      });
      return `${HEADER}\n${rows.join("\n")}`;
    },
  };
}

const RETRYABLE = "The same request may succeed later; wait as `Retry-After` says, if it is there.";
const FINAL = "The same request will fail again.";
const HEADER = `# Problems

Generated from \`domain/kernel/problem.ts\` by \`npm run generate\`.

Every failure is answered as \`application/problem+json\` (RFC 9457). \`type\` names one of the problems below and is what a
client should decide on; \`title\` is fixed, \`detail\` is for people, \`instance\` is the request's id.
`;
