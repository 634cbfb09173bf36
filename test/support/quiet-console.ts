// Shows what was logged while a test failed, and nothing of the others.
//
// Vitest does that itself elsewhere (`silent: "passed-only"`) but may not take the console here. The plugin keeps a line that an
// object logged until the runner's next message, and the runner waits for that line before it sends its last one: an object that
// still logs when the tests of a file are over would keep the run from ending. @cloudflare/vitest-plugin 1.5.0 mends that.

import { format } from "node:util";
import { beforeEach } from "vitest";

const logged: string[] = [];

console.log = (...values: unknown[]) => logged.push(format(...values));

beforeEach(({ onTestFailed }) => {
  logged.length = 0;
  onTestFailed(() => console.error(logged.join("\n")));
});
