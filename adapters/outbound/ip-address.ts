/** 32 bits, unsigned. */
export type Ipv4 = number;
/** Eight groups of 16 bits. */
export type Ipv6 = readonly number[];

/** First address and prefix length of every range that is not the public Internet (IANA special-purpose registry, RFC 6890). */
const NOT_PUBLIC_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.31.196.0", 24],
  ["192.52.193.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["192.175.48.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Dotted decimal only: the URL parser has already turned every other spelling into it. */
export function parseIpv4(text: string): Ipv4 | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  const octets = match.slice(1).map(Number);
  return octets.some((octet) => octet > 255) ? null : octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

export function isPublicIpv4(address: Ipv4): boolean {
  return !NOT_PUBLIC_V4.some(([first, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(address / size) === Math.floor((parseIpv4(first) ?? 0) / size);
  });
}

/** The text of an IPv6 address without brackets (RFC 4291 section 2.2), or `null`. A zone is refused. */
export function parseIpv6(text: string): Ipv6 | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")).flatMap(groupsOf));
  if (head === undefined || [...head, ...(tail ?? [])].includes(Number.NaN)) return null;
  if (tail === undefined) return head.length === 8 ? head : null;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? null : [...head, ...Array<number>(missing).fill(0), ...tail];
}

/** One group, or the two groups of an address that ends in dotted decimal. */
function groupsOf(part: string): number[] {
  const v4 = parseIpv4(part);
  if (v4 !== null) return [Math.floor(v4 / 65_536), v4 % 65_536];
  return [/^[0-9a-f]{1,4}$/i.test(part) ? Number.parseInt(part, 16) : Number.NaN];
}

/** Only global unicast (2000::/3) is public, and of it neither documentation, nor what tunnels or maps an IPv4 address that is not. */
export function isPublicIpv6(address: Ipv6 | null): boolean {
  if (address === null) return false;
  const [a = 0, b = 0, , , , , g = 0, h = 0] = address;
  const embedded = g * 65_536 + h;
  // RFC 6052: the well-known NAT64 prefix 64:ff9b::/96 reaches the IPv4 address in its last 32 bits.
  if (a === 0x64 && b === 0xff9b && address.slice(2, 6).every((group) => group === 0)) return isPublicIpv4(embedded);
  // RFC 4291 section 2.5.5.2: ::ffff:0:0/96 is the IPv4 address itself.
  if (address.slice(0, 5).every((group) => group === 0) && address[5] === 0xffff) return isPublicIpv4(embedded);
  if (a < 0x2000 || a > 0x3fff) return false;
  // 2001::/23 holds Teredo, ORCHID and benchmarks; 2002::/16 is 6to4; 2001:db8::/32 and 3fff::/20 are documentation.
  const isProtocolRange = a === 0x2001 && b < 0x0200;
  const isDocumentation = (a === 0x2001 && b === 0x0db8) || (a === 0x3fff && b < 0x1000);
  return !isProtocolRange && !isDocumentation && a !== 0x2002;
}
