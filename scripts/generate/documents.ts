import type { GeneratedDocument } from "./document.ts";
import { openapiDocument } from "./openapi.ts";
import { problemsDocument } from "./problems.ts";

/** Adding a generated document is one module beside this one and one entry here; the check keeps it fresh. */
export function generatedDocuments(): GeneratedDocument[] {
  return [openapiDocument(), problemsDocument()];
}
