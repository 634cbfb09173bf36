import type jsonata from "jsonata";
import type { Json } from "../../kernel/json.ts";
import {
  decodeBase64,
  encodeBase64,
  hash,
  type Outcome,
  parseJson,
  partition,
  range,
  seededRandom,
} from "./intrinsic-functions.ts";
import type { Bill } from "./jsonata-bill.ts";
import { definitions, type Native, type Spend } from "./jsonata-natives.ts";
import { pictures } from "./jsonata-pictures.ts";
import { sequences } from "./jsonata-sequences.ts";
import { texts } from "./jsonata-text.ts";
import { plainJson } from "./plain-json.ts";
import type { Chance } from "./scope.ts";

/** Puts functions that pay in place of the library's, with those that AWS adds. `chance` is asked when one is called. */
export function registerFunctions(
  expression: jsonata.Expression,
  bill: Bill,
  { chance, spend }: { chance: () => Chance; spend: Spend },
): void {
  expression.assign("eval", undefined);
  const ours: Readonly<Record<string, Native>> = {
    ...pictures(chance),
    ...texts(spend),
    ...sequences(chance, spend),
    ...added(chance),
  };
  for (const [name, definition] of definitions()) {
    const { signature, parameters } = definition;
    const implementation = bill.paid(name, ours[name] ?? definition.implementation, parameters);
    expression.assign(name, {
      _jsonata_function: true,
      implementation,
      signature,
      // A function that was handed to one at the tail of a lambda is called like this.
      apply: (focus: jsonata.Focus, given: unknown[]) =>
        implementation.apply(focus, signature.validate(given, undefined)),
    });
  }
}

function added(chance: () => Chance) {
  return {
    random: (seed?: number) => (seed === undefined ? chance().random() : seededRandom(seed)),
    uuid: () => chance().uuid(),
    partition: (items?: Json[], size?: number) =>
      items === undefined || size === undefined ? undefined : unwrap("partition", partition(items, size)),
    range: rangeSequence,
    hash: (data: unknown, algorithm?: string) => {
      const value = plainJson(data);
      return value === undefined || algorithm === undefined ? undefined : unwrap("hash", hash(value, algorithm));
    },
    parse: (text?: string) => (text === undefined ? undefined : unwrap("parse", parseJson(text))),
    base64encode: (text?: string) => text && encodeBase64(text),
    base64decode: (text?: string) => text && unwrap("base64decode", decodeBase64(text)),
  } satisfies Record<string, Native>;
}

/** One item comes back bare, as a sequence of JSONata would. */
function rangeSequence(first?: number, last?: number, step?: number): unknown {
  if (first === undefined || last === undefined || step === undefined) return undefined;
  const items = unwrap("range", range(first, last, step)) as Json[];
  return items.length === 1 ? items[0] : items;
}

function unwrap(name: string, outcome: Outcome): Json {
  if ("failure" in outcome) throw { message: `$${name}: ${outcome.failure}` };
  return outcome.value;
}
