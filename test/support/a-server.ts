export interface ServerCall {
  method: string;
  url: URL;
  headers: Headers;
  body: string;
}

export interface TestServer {
  url: string;
  /** What it was asked, in order. */
  calls: ServerCall[];
}

type Answer = (call: ServerCall) => Response | Promise<Response>;

const answers = new Map<string, Answer>();
let servers = 0;

/** A server somewhere outside. The tests share their isolate with the Worker, so the one door to the outside can be stood in for. */
export function aServer(answer: Answer): TestServer {
  listen();
  const host = `server-${++servers}.example.org`;
  const calls: ServerCall[] = [];
  answers.set(host, (call) => {
    calls.push(call);
    return answer(call);
  });
  return { url: `https://${host}/`, calls };
}

/** Other test files stand in for other servers in the same isolate: what is not ours goes to whoever stood there before. */
function listen(): void {
  const before = globalThis.fetch;
  if ((before as { isServer?: true }).isServer) return;
  const door = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const answer = answers.get(url.host);
    if (answer === undefined) return before(input, init);
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    const call = { method: request.method, url, headers: request.headers, body: await request.text() };
    return Promise.race([answer(call), stopped]);
  };
  globalThis.fetch = Object.assign(door, { isServer: true as const }) as typeof fetch;
}
