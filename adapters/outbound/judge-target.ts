import { type Ipv4, isPublicIpv4, isPublicIpv6, parseIpv4, parseIpv6 } from "./ip-address.ts";

// Whether an address may be called from here.
//   T1  Only https on 443 or 8443, without credentials, to a public name or a public address.
//   T2  The host is judged as the URL parser normalised it, so no spelling of an address slips by.
//   T3  With `allowLoopback`, exactly the text `http://127.0.0.1[:port]` is let through, and no other spelling of it.

export interface TargetRules {
  allowLoopback: boolean;
  /** Hosts of this platform: `weft.example` names one, `.weft.example` all below it. Calls to them would loop past our own guards. */
  ownHosts: readonly string[];
}

export type Judgement = { allowed: true } | { allowed: false; reason: string };

/** The length that browsers and proxies agree to carry. */
const MAX_URL_LENGTH = 2_048;
const PORTS = ["", "443", "8443"];
const LOOPBACK = /^http:\/\/127\.0\.0\.1(?::\d{1,5})?(?:[/?#]|$)/;
/** The URL parser drops these silently; in an address that was meant well they do not occur. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const UNSAFE_CHARACTERS = /[\u0000-\u0020\u007f\\]/;

/** Names that a public resolver does not answer for, or that stand for a machine's own network (RFC 6761, 6762, 8375, ICANN's .internal). */
const PRIVATE_SUFFIXES = [
  "localhost",
  "local",
  "internal",
  "home.arpa",
  "localdomain",
  "lan",
  "intranet",
  "corp",
  "home",
];
const METADATA_HOSTS = ["metadata", "metadata.google.com", "instance-data", "metadata.azure.com"];

export function judgeTarget(text: string, rules: TargetRules): Judgement {
  if (text.length > MAX_URL_LENGTH) return refused(`is longer than ${MAX_URL_LENGTH} characters`);
  if (UNSAFE_CHARACTERS.test(text)) return refused("holds white space, control characters or a backslash");
  const url = URL.parse(text);
  if (url === null) return refused("is not a URL");
  if (rules.allowLoopback && LOOPBACK.test(text)) return { allowed: true };
  if (url.protocol !== "https:") return refused("is not https");
  if (url.username !== "" || url.password !== "") return refused("holds credentials");
  if (!PORTS.includes(url.port)) return refused("names a port other than 443 and 8443");
  return judgeHost(url.hostname, rules.ownHosts);
}

/** Whether what a name resolved to may be called. */
export function isPublicAddress(address: string): boolean {
  const v4 = parseIpv4(address);
  return v4 === null ? isPublicIpv6(parseIpv6(address)) : isPublicIpv4(v4);
}

function judgeHost(hostname: string, ownHosts: readonly string[]): Judgement {
  if (hostname.startsWith("[")) {
    return isPublicIpv6(parseIpv6(hostname.slice(1, -1))) ? { allowed: true } : refused("is not a public address");
  }
  const host = hostname.replace(/\.+$/, "").toLowerCase();
  const v4: Ipv4 | null = parseIpv4(host);
  if (v4 !== null) return isPublicIpv4(v4) ? { allowed: true } : refused("is not a public address");
  if (METADATA_HOSTS.includes(host)) return refused("is a metadata service");
  if (!host.includes(".")) return refused("is not a full domain name");
  if (PRIVATE_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`))) return refused("is a name of a private network");
  if (ownHosts.some((own) => isOwn(host, own.toLowerCase()))) return refused("is this platform itself");
  return { allowed: true };
}

function isOwn(host: string, own: string): boolean {
  return own.startsWith(".") ? host.endsWith(own) || host === own.slice(1) : host === own;
}

function refused(reason: string): Judgement {
  return { allowed: false, reason };
}
