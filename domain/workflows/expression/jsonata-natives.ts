import jsonata from "jsonata";

// The functions of the library, which are ours to wrap and to stand in for.

/** What the library calls a function with. */
export type Focus = jsonata.Focus & { createSequence(): unknown[] };
export type Native = (this: jsonata.Focus, ...given: never[]) => unknown;

/** What the functions of one evaluator ask of it. Throws where it was too much. */
export type Spend = (steps: number) => void;

/** What the library knows of a function. Where one has no signature, what it is given is not looked at. */
export interface Definition {
  readonly implementation: Native;
  readonly signature: { validate(given: readonly unknown[], context: unknown): never[] };
  readonly parameters: Parameters;
}

/** What the library reads from a function itself. */
export interface Parameters {
  /** Of those that come before the first one with a default: what a function may be given by another one. */
  readonly count: number;
  readonly names: readonly string[];
}

/** All but $eval, which there is not. */
const LIBRARY = `abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl
  decodeUrlComponent distinct each encodeUrl encodeUrlComponent error exists filter floor formatBase formatInteger
  formatNumber fromMillis join keys length lookup lowercase map match max merge min not number pad parseInteger power
  reduce replace reverse round shuffle sift single sort split spread sqrt string substring substringAfter
  substringBefore sum toMillis trim type uppercase zip`.split(/\s+/);

/** Functions that AWS adds, and those that the library makes anew for each evaluation. */
const ADDED: Readonly<Record<string, readonly [names: readonly string[], signature: string]>> = {
  hash: [["data", "algorithm"], "<xs:s>"],
  millis: [[], "<:n>"],
  now: [["picture", "zone"], "<s?s?:s>"],
  parse: [["text"], "<s-:x>"],
  partition: [["items", "size"], "<an:a>"],
  random: [["seed"], "<n?:n>"],
  range: [["first", "last", "step"], "<nnn:x>"],
  uuid: [[], "<:s>"],
};

let captured: ReadonlyMap<string, Definition> | null = null;

/** The library hands out its own functions only inside an evaluation, so one is run for that; later calls return at once. */
export function captureNatives(): Promise<void> | undefined {
  if (captured !== null) return undefined;
  const probe = jsonata("$capture()");
  for (const [name, [, signature]] of Object.entries(ADDED)) probe.registerFunction(name, () => undefined, signature);
  probe.registerFunction("capture", function capture() {
    captured = new Map([...LIBRARY, ...Object.keys(ADDED)].map((name) => [name, definitionOf(this, name)]));
  });
  return probe.evaluate(undefined);
}

function definitionOf(focus: jsonata.Focus, name: string): Definition {
  const { implementation, signature } = focus.environment.lookup(name) as Definition;
  return { implementation, signature, parameters: parametersOf(name, implementation) };
}

function parametersOf(name: string, implementation: Native): Parameters {
  const [names] = ADDED[name] ?? [];
  if (names !== undefined) return { count: names.length, names };
  const written = /\(([^)]*)\)/.exec(String(implementation))?.[1] ?? "";
  const given = written.split(",").map((parameter) => parameter.replace(/=.*/s, "").trim());
  return { count: implementation.length, names: given.filter((parameter) => parameter !== "") };
}

export function definitions(): ReadonlyMap<string, Definition> {
  if (captured === null) throw new Error("captureNatives() must be awaited first");
  return captured;
}

/** Calls a function of the library that one of ours stands in for. */
export function native(name: string, focus: jsonata.Focus, ...given: unknown[]): unknown {
  return definitions()
    .get(name)
    ?.implementation.apply(focus, given as never[]);
}
