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
import type { Spend } from "./jsonata-natives.ts";
import { registerPictures } from "./jsonata-pictures.ts";
import { registerSequences } from "./jsonata-sequences.ts";
import { registerText } from "./jsonata-text.ts";
import { plainJson } from "./plain-json.ts";
import type { Chance } from "./scope.ts";

/** Functions that AWS adds to JSONata, and those that stand in for the library's. `chance` is asked when one is called. */
export function registerFunctions(
  expression: jsonata.Expression,
  { chance, spend }: { chance: () => Chance; spend: Spend },
): void {
  expression.assign("eval", undefined);
  registerPictures(expression, chance);
  registerText(expression, spend);
  registerSequences(expression, chance, spend);

  expression.registerFunction(
    "random",
    (seed?: number) => (seed === undefined ? chance().random() : seededRandom(seed)),
    "<n?:n>",
  );
  expression.registerFunction("uuid", () => chance().uuid(), "<:s>");

  expression.registerFunction("partition", (items?: Json[], size?: number) => {
    return items === undefined || size === undefined ? undefined : unwrap("partition", partition(items, size));
  });
  expression.registerFunction("range", rangeSequence, "<nnn:x>");
  expression.registerFunction("hash", (data: unknown, algorithm?: string) => {
    const value = plainJson(data);
    return value === undefined || algorithm === undefined ? undefined : unwrap("hash", hash(value, algorithm));
  });
  expression.registerFunction(
    "parse",
    (text?: string) => {
      return text === undefined ? undefined : unwrap("parse", parseJson(text));
    },
    "<s-:x>",
  );
  expression.registerFunction("base64encode", (text?: string) => text && encodeBase64(text), "<s-:s>");
  expression.registerFunction(
    "base64decode",
    (text?: string) => text && unwrap("base64decode", decodeBase64(text)),
    "<s-:s>",
  );
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
