import { isJsonObject } from "../../domain/kernel/json.ts";
import { problem } from "../../domain/kernel/problem.ts";

const RESOLVER = "https://cloudflare-dns.com/dns-query";
const TIMEOUT_MS = 2_000;
const KEPT_MS = 30_000;
const MAX_KEPT = 500;
/** Resource record types A and AAAA (RFC 1035, RFC 3596). */
const ADDRESS_TYPES: readonly unknown[] = [1, 28];

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Looks names up over HTTPS (JSON form of RFC 8484), and remembers the answers for a moment. */
export function dnsOverHttps(fetcher: Fetch, now: () => number): (hostname: string) => Promise<string[]> {
  const kept = new Map<string, { addresses: string[]; until: number }>();
  return async function resolve(hostname) {
    const known = kept.get(hostname);
    if (known !== undefined && known.until > now()) return known.addresses;
    const answers = await Promise.all(["A", "AAAA"].map((type) => look(fetcher, hostname, type)));
    const addresses = answers.flat();
    if (addresses.length === 0) {
      throw problem("unavailable", { detail: "The address cannot be reached.", members: { reason: "network" } });
    }
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(hostname, { addresses, until: now() + KEPT_MS });
    return addresses;
  };
}

async function look(fetcher: Fetch, hostname: string, type: string): Promise<string[]> {
  const query = new URLSearchParams({ name: hostname, type });
  const response = await fetcher(`${RESOLVER}?${query}`, {
    headers: { accept: "application/dns-json" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body: unknown = await response.json();
  const records: unknown = isJsonObject(body) ? body.Answer : null;
  if (!Array.isArray(records)) return [];
  return records.filter(isAddress).map((record) => record.data);
}

function isAddress(record: unknown): record is { type: number; data: string } {
  return isJsonObject(record) && ADDRESS_TYPES.includes(record.type) && typeof record.data === "string";
}
