import { Validator } from "@cfworker/json-schema";
import type { SchemaJudge } from "../../services/llm/ports.ts";

/** Enough for a model to mend its answer, and for a person to see what is wrong. */
const MAX_FAULTS = 5;

/** Interprets schemas instead of compiling them: the Workers runtime evaluates no code made from text. */
export function cfworkerSchemaJudge(): SchemaJudge {
  return {
    faults(schema, value) {
      const { valid, errors } = new Validator(schema, "2020-12", false).validate(value);
      if (valid) return [];
      // The validator tells a fault at every level on the way to it; the innermost say what is wrong.
      const innermost = errors.filter(
        ({ instanceLocation: at }) => !errors.some(({ instanceLocation: other }) => other.startsWith(`${at}/`)),
      );
      return innermost.slice(0, MAX_FAULTS).map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
    },
  };
}
