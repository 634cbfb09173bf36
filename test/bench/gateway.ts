import { aMockProvider, aPassThrough, aPortkey } from "./gateway-peers.ts";
import { type LeanAnswer, send } from "./lean-client.ts";
import { median, processorMs, quantile, type Row, throughput } from "./measure.ts";
import type { BenchPlatform } from "./platform.ts";

const suite = "gateway";
// A gateway that serves has compiled what it runs: with 30 calls before the first that counts, each side took twice its time.
const WHOLE = { warmUp: 3_000, rounds: 500 };
const STREAMED = { warmUp: 400, rounds: 200 };
/** The same Worker as Miniflare serves it by itself, and as the platform's own server serves. */
const PLAIN = "pass-through";
const DIRECT = "direct pass-through";
const HITS = 150;
/** In turns and in short spells, like the calls one after another: what else the machine does falls on all alike. */
const BUSY = { rounds: 5, ms: 1_000 };

interface Candidate {
  name: string;
  url: string;
  headers: Record<string, string>;
  model: string;
  pid: number | null;
}

/**
 * What the gateway adds, beside a bare pass-through in the same runtime and beside Portkey, all before the same mock provider.
 * Calls are taken in turns, so that whatever else the machine does falls on all alike, each round in another order: who follows a
 * process that has just filled the caches of the processor is slower for it.
 */
export async function gatewayRows(platform: BenchPlatform): Promise<Row[]> {
  const upstream = await aMockProvider();
  const passThrough = await aPassThrough(upstream.url, "plain");
  const direct = await aPassThrough(upstream.url, "direct");
  const portkey = await aPortkey();
  try {
    const provider = { kind: "openai-compatible", baseUrl: `${upstream.url}/v1` };
    await platform.call("PUT", "/v1/providers/bench", provider);
    const prices = { m: { inputUsdMicrosPerMillionTokens: 100_000, outputUsdMicrosPerMillionTokens: 400_000 } };
    await platform.call("PUT", "/v1/providers/priced", { ...provider, prices });
    await platform.call("PUT", "/v1/budgets/tenant", { usdMicrosPerMonth: 1_000_000_000_000 });
    const target = { strategy: "fallback", targets: [{ model: "priced/m" }] };
    await platform.call("PUT", "/v1/model-routes/cached", { ...target, cache: { mode: "exact", ttlSeconds: 3_600 } });
    await platform.call("PUT", "/v1/model-routes/semantic", {
      ...target,
      cache: { mode: "semantic", ttlSeconds: 3_600, threshold: 0.8 },
    });
    const { key } = await platform.call<{ key: string }>("POST", "/v1/api-keys", { name: "Bench", scopes: ["*"] });
    const weft = { url: platform.url, headers: { authorization: `Bearer ${key}` }, pid: platform.pid() };
    const portkeyHeaders = {
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": `${upstream.url}/v1`,
      authorization: "Bearer none",
    };
    const candidates: Candidate[] = [
      { name: "provider alone", url: upstream.url, headers: {}, model: "m", pid: upstream.pid },
      { name: PLAIN, url: passThrough.url, headers: {}, model: "m", pid: passThrough.pid },
      { name: DIRECT, url: direct.url, headers: {}, model: "m", pid: direct.pid },
      { name: "Portkey", url: portkey.url, headers: portkeyHeaders, model: "m", pid: portkey.pid },
      { name: "Weft", ...weft, model: "bench/m" },
      { name: "Weft, budget and cache", ...weft, model: "cached" },
    ];
    return [
      ...(await wholeRows(candidates)),
      ...(await streamRows(candidates)),
      ...(await hitRows({ name: "Weft", ...weft, model: "cached" }, { name: "Weft", ...weft, model: "semantic" })),
    ];
  } finally {
    await Promise.all([portkey.stop(), passThrough.stop(), direct.stop(), upstream.stop()]);
  }
}

async function wholeRows(candidates: readonly Candidate[]): Promise<Row[]> {
  const times = await inTurns(candidates, WHOLE, async (candidate) => {
    await ask(candidate, false);
  });
  return [...added("whole answer", times), ...(await busyRows(candidates, "whole answer", false))];
}

async function streamRows(candidates: readonly Candidate[]): Promise<Row[]> {
  const first = new Map(candidates.map(({ name }): [string, number[]] => [name, []]));
  const whole = await inTurns(candidates, STREAMED, async (candidate, isCounted) => {
    const startedAt = performance.now();
    const { firstByteAt } = await ask(candidate, true);
    if (isCounted) first.get(candidate.name)?.push(firstByteAt - startedAt);
  });
  return [
    ...added("first byte of a stream", first),
    ...added("stream of 50 events", whole),
    ...(await busyRows(candidates, "stream", true)),
  ];
}

/** What each gets done for 16 connections, and how much of the processor a call takes: that holds on a busy machine, too. */
async function busyRows(candidates: readonly Candidate[], what: string, stream: boolean): Promise<Row[]> {
  const spells = new Map(candidates.map(({ name }) => [name, { rates: [] as number[], costs: [] as number[] }]));
  for (let round = 0; round < BUSY.rounds; round++) {
    for (const candidate of shuffled(candidates)) {
      const before = processorMs(candidate.pid);
      let calls = 0;
      const rate = await throughput(16, BUSY.ms, async () => {
        await ask(candidate, stream);
        calls++;
      });
      const spell = spells.get(candidate.name);
      spell?.rates.push(rate);
      spell?.costs.push((processorMs(candidate.pid) - before) / calls);
    }
  }
  return [...spells].flatMap(([candidate, { rates, costs }]): Row[] => {
    const name = `${candidate}, ${what}, 16 connections`;
    return [
      { suite, name, value: median(rates), unit: "1/s" },
      { suite, name: `${name}, processor`, value: median(costs), unit: "ms" },
    ];
  });
}

async function hitRows(exact: Candidate, semantic: Candidate): Promise<Row[]> {
  const hit = async (candidate: Candidate, content: string) =>
    (await ask(candidate, false, content)).headers["x-weft-cache"];
  const asked = "How many days of paid annual leave do employees in the Berlin office get each year?";
  await hit(exact, asked);
  await hit(semantic, asked);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const times: { exact: number[]; semantic: number[] } = { exact: [], semantic: [] };
  for (let round = 0; round < HITS; round++) {
    const startedAt = performance.now();
    if ((await hit(exact, asked)) !== "hit") throw new Error("The exact cache did not hit.");
    const between = performance.now();
    if ((await hit(semantic, asked.replace("each", "every"))) !== "semantic") throw new Error("No semantic hit.");
    times.exact.push(between - startedAt);
    times.semantic.push(performance.now() - between);
  }
  return Object.entries(times).map(([name, values]) => ({
    suite,
    name: `cache hit, ${name}, p50`,
    value: median(values),
    unit: "ms",
  }));
}

/** Every question is another one, so that a cache has to be asked and finds nothing. */
let questions = 0;

async function ask({ url, headers, model }: Candidate, stream: boolean, content?: string): Promise<LeanAnswer> {
  const messages = [
    { role: "system", content: "You answer briefly and only from what you know." },
    { role: "user", content: content ?? `Question ${++questions}: how many days of paid leave are there?` },
  ];
  const answer = await send(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model, messages, ...(stream && { stream, stream_options: { include_usage: true } }) }),
  });
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${answer.text}`);
  if (stream && !answer.text.endsWith("data: [DONE]\n\n")) throw new Error(`${url} left a stream without its end.`);
  return answer;
}

async function inTurns(
  candidates: readonly Candidate[],
  { warmUp, rounds }: { warmUp: number; rounds: number },
  call: (candidate: Candidate, isCounted: boolean) => Promise<void>,
): Promise<Map<string, number[]>> {
  const times = new Map(candidates.map(({ name }): [string, number[]] => [name, []]));
  for (let round = -warmUp; round < rounds; round++) {
    for (const candidate of shuffled(candidates)) {
      const startedAt = performance.now();
      await call(candidate, round >= 0);
      if (round >= 0) times.get(candidate.name)?.push(performance.now() - startedAt);
    }
  }
  return times;
}

/** Each candidate's median, and what it adds to the provider alone, as a ratio to what the pass-throughs add. */
function added(what: string, times: ReadonlyMap<string, readonly number[]>): Row[] {
  const p50 = (name: string) => median(times.get(name) ?? []);
  const floor = p50("provider alone");
  return [...times].flatMap(([name, values]): Row[] => {
    const value = median(values);
    const rows: Row[] = [
      { suite, name: `${name}, ${what}, p50`, value, unit: "ms" },
      { suite, name: `${name}, ${what}, p95`, value: quantile(values, 0.95), unit: "ms" },
    ];
    if (name === "provider alone") return rows;
    rows.push({ suite, name: `${name}, ${what}, added p50`, value: value - floor, unit: "ms" });
    if (name === PLAIN || name === DIRECT) return rows;
    for (const bare of [PLAIN, DIRECT]) {
      const ratio = (value - floor) / (p50(bare) - floor);
      rows.push({ suite, name: `${name}, ${what}, added / ${bare}`, value: ratio, unit: "x" });
    }
    return rows;
  });
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
