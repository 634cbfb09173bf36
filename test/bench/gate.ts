import { billingPeriod } from "../../domain/limits/billing-period.ts";
import { decide, type GateAsk, type GateBook, noUsage, wantedBuckets } from "../../domain/limits/gate.ts";
import { emptyLease, question, receive, spend } from "../../domain/limits/lease.ts";
import { policyOf } from "../../domain/limits/policy.ts";
import type { Bucket } from "../../domain/limits/token-bucket.ts";
import { median, quantile, type Row, throughput, timeEach } from "./measure.ts";
import type { BenchPlatform } from "./platform.ts";

const suite = "gate";
const READ = "/v1/tenant";
// Admitted, then refused by its own rules: what is left is the price of being let in.
const ADMITTED = "/v1/runs?limit=0";

/** What being let in costs, with a lease and without; how exact a limit is; what a tenant at its limit does to another. */
export async function gateRows(platform: BenchPlatform): Promise<Row[]> {
  return [
    ...(await admissionRows(platform)),
    ...decisionRows(),
    ...(await accuracyRows(platform)),
    ...(await neighbourRows(platform)),
  ];
}

async function admissionRows(platform: BenchPlatform): Promise<Row[]> {
  const [leased, asking] = [await platform.tenant(), await platform.tenant()];
  // So few at a time are never leased: every call asks the gate.
  await setRequests(platform, asking.id, 250, 1);
  const medians = await sideBySide(200, {
    bare: () => fetch(`${platform.url}/health`).then((answer) => answer.text()),
    "admitted by access token, leased": () => enter(platform, leased.token),
    "admitted by API key, leased": () => enter(platform, leased.apiKey),
    "admitted by access token, asking the gate": () => enter(platform, asking.token),
    "admitted by API key, asking the gate": () => enter(platform, asking.apiKey),
    "GET of the tenant by access token, leased": () => read(platform, leased.token),
    "GET of the tenant by API key, leased": () => read(platform, leased.apiKey),
  });
  const bare = medians.bare ?? Number.NaN;
  return [
    ...Object.entries(medians).flatMap(([name, value]): Row[] => [
      { suite, name: `${name}, p50`, value, unit: "ms" },
      ...(name === "bare" ? [] : [{ suite, name: `${name} / bare`, value: value / bare, unit: "x" }]),
    ]),
    {
      suite,
      name: "admitted by access token, leased, 16 callers",
      value: await throughputUnlimited(platform, leased.id, leased.token),
      unit: "1/s",
    },
  ];
}

/** The median of each call, taken in turns, so that whatever else the machine does falls on all alike. */
async function sideBySide(rounds: number, calls: Record<string, () => Promise<unknown>>) {
  const times = new Map(Object.keys(calls).map((name): [string, number[]] => [name, []]));
  for (let round = -10; round < rounds; round++) {
    for (const [name, call] of Object.entries(calls)) {
      const [ms = Number.NaN] = await timeEach(1, call, 0);
      if (round >= 0) times.get(name)?.push(ms);
    }
  }
  return Object.fromEntries([...times].map(([name, taken]) => [name, median(taken)]));
}

async function throughputUnlimited(platform: BenchPlatform, id: string, token: string): Promise<number> {
  const UNLIMITED = { limit: 10_000_000, windowSeconds: 60 };
  const limits = { requests: UNLIMITED, "requests-per-principal": UNLIMITED, reads: UNLIMITED };
  await platform.asOperator("PUT", `/tenants/${id}/limits`, { limits, reason: "bench" });
  return throughput(16, 2_000, () => enter(platform, token));
}

/** The rules alone, without a runtime around them. */
function decisionRows(): Row[] {
  const policy = policyOf("enterprise", [], 0);
  const period = billingPeriod(null, 0);
  const buckets = new Map<string, Bucket>();
  const book: GateBook = { buckets, usage: noUsage(period) };
  const wanted = wantedBuckets("user:1", "reads");
  const ask: GateAsk = {
    principal: "user:1",
    endpoint: { class: "reads", quota: null },
    cost: 1,
    spare: 0,
    spareQuota: 0,
    returned: {},
  };
  const lease = emptyLease();
  const first = decide(book, { ...ask, spare: 10_000 }, policy, period, 0);
  const { spare } = question(lease, 0);
  receive(lease, first, { at: 0, spare });
  const decisions = perSecond(100_000, (i) => {
    for (const [key, bucket] of decide(book, ask, policy, period, i / 100).buckets) buckets.set(key, bucket);
  });
  const spends = perSecond(10_000, () => spend(lease, wanted, null, 1));
  return [
    { suite, name: "decisions of a gate", value: decisions, unit: "1/s" },
    { suite, name: "calls covered by a lease", value: spends, unit: "1/s" },
  ];
}

async function accuracyRows(platform: BenchPlatform): Promise<Row[]> {
  const { id, token } = await platform.tenant();
  await setRequests(platform, id, 100, 86_400);
  const statuses = await Promise.all(Array.from({ length: 300 }, () => status(platform, token)));
  const admitted = statuses.filter((code) => code === 200).length;
  return [{ suite, name: "let through of 300 at once, limit 100", value: admitted, unit: "calls", target: 100 }];
}

async function neighbourRows(platform: BenchPlatform): Promise<Row[]> {
  const [quiet, noisy] = [await platform.tenant(), await platform.tenant()];
  await setRequests(platform, noisy.id, 10, 86_400);
  const alone = await timeEach(200, () => read(platform, quiet.token), 20);
  const NOISY_CALLERS = 4;
  const state = { isNoisy: true, refused: 0 };
  const callers = Array.from({ length: NOISY_CALLERS }, async () => {
    while (state.isNoisy) if ((await status(platform, noisy.token)) === 429) state.refused += 1;
  });
  const beside = await timeEach(200, () => read(platform, quiet.token), 20);
  state.isNoisy = false;
  await Promise.all(callers);
  const refusals = await throughput(16, 1_000, () => status(platform, noisy.token));
  return [
    { suite, name: "quiet tenant alone, p50", value: median(alone), unit: "ms" },
    { suite, name: "quiet tenant beside a noisy one, p50", value: median(beside), unit: "ms" },
    { suite, name: "quiet tenant beside a noisy one, p95", value: quantile(beside, 0.95), unit: "ms" },
    { suite, name: "refusals meanwhile, for each quiet call", value: state.refused / beside.length, unit: "calls" },
    { suite, name: "refusals, 16 callers", value: refusals, unit: "1/s" },
  ];
}

function perSecond(count: number, call: (index: number) => unknown): number {
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) call(i);
  return (count * 1_000) / (performance.now() - startedAt);
}

async function read(platform: BenchPlatform, token: string): Promise<void> {
  const code = await status(platform, token);
  if (code !== 200) throw new Error(`GET ${READ} answered ${code}`);
}

async function enter(platform: BenchPlatform, token: string): Promise<void> {
  const code = await status(platform, token, ADMITTED);
  if (code !== 422) throw new Error(`GET ${ADMITTED} answered ${code}`);
}

async function status(platform: BenchPlatform, token: string, address = READ): Promise<number> {
  const response = await fetch(`${platform.url}${address}`, { headers: { authorization: `Bearer ${token}` } });
  await response.text();
  return response.status;
}

function setRequests(platform: BenchPlatform, id: string, limit: number, windowSeconds: number): Promise<unknown> {
  const limits = { requests: { limit, windowSeconds } };
  return platform.asOperator("PUT", `/tenants/${id}/limits`, { limits, reason: "bench" });
}
