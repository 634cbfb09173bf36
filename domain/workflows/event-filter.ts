import * as z from "zod";
import { isJsonObject, type Json } from "../kernel/json.ts";

// Which events a trigger wants, by their data. The language is that of Amazon EventBridge's event patterns, as far as it goes:
//   F1  every member of the filter must match the member of the same name; what the filter does not name does not matter.
//   F2  a list holds alternatives; of data that is a list, one element that matches is enough.

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const Bounds = z
  .array(z.union([z.enum(["<", "<=", "=", ">=", ">"]), z.number()]))
  .refine((bounds) => boundsOf(bounds) !== null, 'must be pairs such as [">", 0, "<=", 5]')
  .meta({ example: [">", 0, "<=", 5] });

const Alternative = z.union([
  Scalar,
  z.strictObject({ prefix: z.string() }),
  z.strictObject({ suffix: z.string() }),
  z.strictObject({ exists: z.boolean() }),
  z.strictObject({ "anything-but": z.array(Scalar).min(1) }),
  z.strictObject({ numeric: Bounds }),
]);
type Alternative = z.infer<typeof Alternative>;

export type EventFilter = { [member: string]: Alternative[] | EventFilter };

const Wanted = z
  .union([z.array(Alternative).min(1), z.lazy((): z.ZodType<EventFilter> => EventFilter)])
  .meta({ id: "EventFilterMember", description: "What a member may be, or a pattern on what is within it" });

export const EventFilter: z.ZodType<EventFilter> = z.record(z.string(), Wanted).meta({
  id: "EventFilter",
  description: "An event pattern on the event's data, as Amazon EventBridge writes them",
  example: { subject: ["answers"], amount: [{ numeric: [">", 100] }] },
});

export function matchesFilter(filter: EventFilter, data: Json): boolean {
  return Object.entries(filter).every(([name, wanted]) => {
    const value = isJsonObject(data) && Object.hasOwn(data, name) ? data[name] : undefined;
    if (!Array.isArray(wanted)) return matchesFilter(wanted, value ?? null);
    const values = Array.isArray(value) && value.length > 0 ? value : [value];
    return wanted.some((alternative) => values.some((one) => isMatch(alternative, one)));
  });
}

function isMatch(wanted: Alternative, value: Json | undefined): boolean {
  if (typeof wanted !== "object" || wanted === null) return value === wanted;
  if ("exists" in wanted) return (value !== undefined) === wanted.exists;
  if (value === undefined) return false;
  if ("prefix" in wanted) return typeof value === "string" && value.startsWith(wanted.prefix);
  if ("suffix" in wanted) return typeof value === "string" && value.endsWith(wanted.suffix);
  if ("anything-but" in wanted) return !wanted["anything-but"].some((refused) => refused === value);
  return typeof value === "number" && (boundsOf(wanted.numeric) ?? []).every((bound) => isWithin(bound, value));
}

interface Bound {
  operator: string;
  limit: number;
}

/** `null` where the list is not made of an operator and a number, again and again. */
function boundsOf(list: readonly (string | number)[]): Bound[] | null {
  const bounds: Bound[] = [];
  for (let at = 0; at < list.length; at += 2) {
    const [operator, limit] = [list[at], list[at + 1]];
    if (typeof operator !== "string" || typeof limit !== "number") return null;
    bounds.push({ operator, limit });
  }
  return bounds.length === 0 ? null : bounds;
}

function isWithin({ operator, limit }: Bound, value: number): boolean {
  switch (operator) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    default:
      return value === limit;
  }
}
