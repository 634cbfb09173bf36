import { median, quantile, type Row, throughput, timeEach } from "./measure.ts";
import type { BenchPlatform } from "./platform.ts";

const suite = "edge";

/** What a request costs before its verb: the bare Worker, then with a credential. */
export async function edgeRows(platform: BenchPlatform): Promise<Row[]> {
  const bare = () => fetch(`${platform.url}/health`).then((response) => response.text());
  const read = () => platform.call("GET", "/v1/me");
  const bareTimes = await timeEach(200, bare, 20);
  const readTimes = await timeEach(200, read, 20);
  return [
    { suite, name: "GET /health p50", value: median(bareTimes), unit: "ms" },
    { suite, name: "authenticated GET p50", value: median(readTimes), unit: "ms" },
    { suite, name: "authenticated GET p95", value: quantile(readTimes, 0.95), unit: "ms", target: 100 },
    { suite, name: "authenticated GET / bare, p50", value: median(readTimes) / median(bareTimes), unit: "x" },
    { suite, name: "authenticated GET, 16 callers", value: await throughput(16, 2_000, read), unit: "1/s" },
  ];
}
