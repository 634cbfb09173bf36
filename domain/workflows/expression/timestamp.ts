const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Nanoseconds since the epoch of an RFC 3339 timestamp in the profile of ASL (upper-case `T`, and `Z` or an offset);
 * null where the text is not one. Nanoseconds, because Choice compares fractions of any length as instants.
 */
export function parseTimestamp(text: string): bigint | null {
  // A valid timestamp with a long fraction is still short; this keeps hostile text away from the pattern.
  if (text.length > 64) return null;
  const parts = RFC_3339.exec(text);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const offset = offsetMinutes(parts[8] as string);
  if (offset === null) return null;
  const ms = date.setUTCHours(hour, minute - offset, second);
  return BigInt(ms) * 1_000_000n + BigInt((parts[7] ?? "").slice(0, 9).padEnd(9, "0"));
}

/** The same in milliseconds, as clocks count. */
export function parseInstantMs(text: string): number | null {
  const nanoseconds = parseTimestamp(text);
  return nanoseconds === null ? null : Number(nanoseconds / 1_000_000n);
}

function offsetMinutes(zone: string): number | null {
  if (zone === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 18 || minutes > 59) return null;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
