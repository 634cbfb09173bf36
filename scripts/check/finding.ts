/** One broken rule at one place. */
export interface Finding {
  path: string;
  line: number;
  rule: string;
  message: string;
}

export function formatFinding({ path, line, rule, message }: Finding): string {
  return `${path}:${line}  ${message}  [${rule}]`;
}
