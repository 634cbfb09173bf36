// `npm run demo`: the main job against the running server, over its public API.

import path from "node:path";
import { parseArgs, styleText } from "node:util";
import { Refused, Unreachable } from "./demo/api.ts";
import { runJourney } from "./demo/journey.ts";
import { openTerminal } from "./demo/terminal.ts";

const QUESTION = "How many weeks of parental leave on full pay does the primary carer have?";
const HELP = `npm run demo -- [--question "..."] [--yes]

  --question  what to ask of the handbook in examples/handbook
  --yes       approve without asking

PORT, WEFT_URL and WEFT_STATE name the server and its folder of state, as for npm start.`;

const root = path.dirname(import.meta.dirname);
const state = path.resolve(root, process.env.WEFT_STATE ?? ".weft");
const url = (process.env.WEFT_URL ?? `http://127.0.0.1:${process.env.PORT || 8787}`).replace(/\/$/, "");
const terminal = openTerminal(process.stdout, process.stdin);

try {
  const { values } = parseArgs({
    options: {
      question: { type: "string", default: QUESTION },
      yes: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) console.log(HELP);
  else process.exitCode = await runJourney({ url, state, terminal, question: values.question, isApproved: values.yes });
} catch (error) {
  terminal.live(null);
  console.error(styleText("red", explained(error), { stream: process.stderr }));
  process.exitCode = 1;
}

function explained(error: unknown): string {
  if (error instanceof Unreachable) return `Nothing answers at ${url}. Start the server in another terminal: npm start`;
  if (error instanceof Refused) return `The server refused: ${error.message} (${error.status} ${error.code})`;
  return error instanceof Error ? error.message : String(error);
}
