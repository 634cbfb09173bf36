// `npm run --silent secrets`: prints a fresh set of the secrets that a deployment needs, as a file for
// `wrangler deploy --secrets-file`.

import { newSecrets } from "./local/settings.ts";

for (const [name, value] of Object.entries(newSecrets())) console.log(`${name}='${value}'`);
