// `npm run generate`: writes every document that is derived from the source. `npm run check` refuses a stale one.

import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { generatedDocuments } from "./generate/documents.ts";

const root = path.dirname(import.meta.dirname);

for (const { output, source, render } of generatedDocuments()) {
  if (!existsSync(path.join(root, source))) {
    console.log(`${output}: skipped, ${source} is not there yet`);
    continue;
  }
  await mkdir(path.dirname(path.join(root, output)), { recursive: true });
  await writeFile(path.join(root, output), await render());
  console.log(`${output}: written from ${source}`);
}
