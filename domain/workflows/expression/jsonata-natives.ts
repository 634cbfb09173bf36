import jsonata from "jsonata";

// Functions of the library that ours stand in for and still need.

/** What the library calls a function with. */
export type Focus = jsonata.Focus & { createSequence(): unknown[] };
export type Native = (this: jsonata.Focus, ...given: unknown[]) => unknown;

/** What the functions of one evaluator ask of it. Throws where it was too much. */
export type Spend = (steps: number) => void;

const NAMES = [
  "append",
  "contains",
  "formatInteger",
  "formatNumber",
  "fromMillis",
  "lookup",
  "parseInteger",
  "replace",
  "sort",
  "split",
  "substring",
  "substringAfter",
  "substringBefore",
  "toMillis",
] as const;

type Natives = Readonly<Record<(typeof NAMES)[number], Native>>;

let captured: Natives | null = null;

/** The library hands out its own functions only inside an evaluation, so one is run for that; later calls return at once. */
export function captureNatives(): Promise<void> | undefined {
  if (captured !== null) return undefined;
  const probe = jsonata("$capture()");
  probe.registerFunction("capture", function capture() {
    captured = Object.fromEntries(NAMES.map((name) => [name, nativeFunction(this, name)])) as Natives;
  });
  return probe.evaluate(undefined);
}

function nativeFunction(focus: jsonata.Focus, name: string): Native {
  return (focus.environment.lookup(name) as { implementation: Native }).implementation;
}

export function natives(): Natives {
  if (captured === null) throw new Error("captureNatives() must be awaited first");
  return captured;
}
