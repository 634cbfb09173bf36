interface Dependency {
  name: string;
  implementation: string;
  status: string;
}

const MAX_WAIT_MS = 10_000;

/** One line a port of the platform: what stands behind it and whether it answers, as GET /ready tells. */
export async function readiness(url: string): Promise<string[]> {
  const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(MAX_WAIT_MS) });
  const body: unknown = await response.json().catch(() => null);
  if (!isReadiness(body)) return [`/ready answered ${response.status}; the log says why`];
  const width = Math.max(...body.dependencies.map(({ name }) => name.length));
  return body.dependencies.map(({ name, implementation, status }) => {
    return `${name.padEnd(width)}  ${implementation}${status === "up" ? "" : ` (${status})`}`;
  });
}

function isReadiness(body: unknown): body is { dependencies: Dependency[] } {
  return typeof body === "object" && body !== null && "dependencies" in body && Array.isArray(body.dependencies);
}
