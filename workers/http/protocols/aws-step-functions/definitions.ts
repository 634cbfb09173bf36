import * as z from "zod";
import { requirePermission } from "../../../../services/context.ts";
import { validateDefinition } from "../../../../services/workflows/put-workflow.ts";
import { action } from "./action.ts";
import { limitOf, MaxResults } from "./arns.ts";

export const validateStateMachineDefinition = action(
  z.object({
    definition: z.string().min(1).max(1_048_576),
    type: z.enum(["STANDARD", "EXPRESS"]).nullish(),
    severity: z.enum(["ERROR", "WARNING"]).nullish(),
    maxResults: MaxResults,
  }),
  async (ctx, { definition, type, severity, maxResults }) => {
    requirePermission(ctx, "workflows:read");
    const { result, diagnostics } = validateDefinition(definition, type ?? "STANDARD");
    const told = diagnostics.filter((diagnostic) => severity === "WARNING" || diagnostic.severity === "ERROR");
    const limit = limitOf(maxResults);
    return { result, diagnostics: told.slice(0, limit), truncated: told.length > limit };
  },
);
