import { Agent, type IncomingHttpHeaders, request } from "node:http";

export interface LeanAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** When the first bytes of the body arrived, by `performance.now()`. */
  firstByteAt: number;
}

export interface LeanRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

// `fetch` of Node takes a third of a millisecond of the core that the measured side may need; this takes a third of that.
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** One call over a connection that stays open, at the least cost for the machine that both sides share. */
export function send(url: string, { method = "GET", headers = {}, body }: LeanRequest = {}): Promise<LeanAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers }, (answer) => {
      const parts: Buffer[] = [];
      let firstByteAt = 0;
      answer.on("data", (part: Buffer) => {
        if (parts.push(part) === 1) firstByteAt = performance.now();
      });
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, firstByteAt });
      });
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
