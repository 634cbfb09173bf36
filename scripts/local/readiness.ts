interface Dependency {
  name: string;
  implementation: string;
  status: string;
}

const MAX_WAIT_MS = 10_000;

/**
 * One line a port of the platform: what stands behind it and whether it answers, as GET /ready tells. A machine that is too busy to
 * answer soon is no reason not to start.
 */
export async function readiness(url: string, maxWaitMs = MAX_WAIT_MS): Promise<string[]> {
  const answer = await answerOf(`${url}/ready`, maxWaitMs);
  if (answer === null) return [`/ready has not answered in ${maxWaitMs / 1_000} s; the server goes on`];
  const { status, body } = answer;
  if (!isReadiness(body)) return [`/ready answered ${status}; the log says why`];
  const width = Math.max(...body.dependencies.map(({ name }) => name.length));
  return body.dependencies.map(({ name, implementation, status }) => {
    return `${name.padEnd(width)}  ${implementation}${status === "up" ? "" : ` (${status})`}`;
  });
}

async function answerOf(url: string, maxWaitMs: number): Promise<{ status: number; body: unknown } | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(maxWaitMs) });
    return { status: response.status, body: await response.json().catch(() => null) };
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") return null;
    throw error;
  }
}

function isReadiness(body: unknown): body is { dependencies: Dependency[] } {
  return typeof body === "object" && body !== null && "dependencies" in body && Array.isArray(body.dependencies);
}
