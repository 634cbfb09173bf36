// What a value would take when written out, in characters. Values share parts, so `{"a": $x, "b": $x}` repeated forty times is
// built in no time and becomes a tree of a trillion leaves the moment something walks it: it must be stopped before. Shared
// parts are measured once and counted each time. Values are not changed after they are measured.

/** Sixteen times the largest payload. */
const MAX_WEIGHT = 4_194_304;

const measured = new WeakMap<object, number>();

/** What a list, an object and a place in one take to build, at two bytes a character. */
const LIST = 24;
const OBJECT = 48;
const PLACE = 4;
/** A place with a text of its own: texts that were cut out of another one keep that one, so what they say is not built. */
const TEXT_PLACE = 16;
/** Of what was built, in the time of a step of Work: what all steps of a state build fits an isolate's 128 MiB. */
export const BUILT_A_STEP = 64;

/** Adds up what was weighed for the first time: what has just been built. */
export interface Scale {
  fresh: number;
}

export function isTooHeavy(value: unknown, scale: Scale = { fresh: 0 }): boolean {
  return weightOf(value, scale) > MAX_WEIGHT;
}

export function weightOf(value: unknown, scale: Scale = { fresh: 0 }): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 4;
  const known = measured.get(value);
  if (known !== undefined) return known;
  const total = containerWeight(value, scale);
  measured.set(value, total);
  return total;
}

/** Functions of the library are objects that reach into its own state; what they return is measured when they are called. */
function containerWeight(value: object, scale: Scale): number {
  if ("_jsonata_lambda" in value || "_jsonata_function" in value) return 4;
  let total = 2;
  if (Array.isArray(value)) {
    scale.fresh += LIST;
    for (const item of value) {
      total += weightOf(item, scale) + 1;
      scale.fresh += typeof item === "string" ? TEXT_PLACE : PLACE;
    }
    return total;
  }
  const members = Object.entries(value);
  for (const [name, member] of members) total += name.length + 3 + weightOf(member, scale);
  scale.fresh += OBJECT + 2 * PLACE * members.length;
  return total;
}
