import * as z from "zod";
import { problem } from "../../../domain/kernel/problem.ts";
import { routes } from "../operation.ts";

/** What WEFT_TEST_FIXTURES mounts beside the API, to see how the platform bears it. In no document, and absent without the setting. */
export const testFixtures = routes();

testFixtures.add(
  {
    method: "post",
    path: "/v1/operator/defect",
    id: "causeDefect",
    tag: "Operator",
    summary: "Throw, as a defect would",
    access: "operator",
    body: z.strictObject({ message: z.string().max(1_000) }),
    returns: { 500: null },
  },
  async ({ ctx, body }) => {
    if (!ctx.settings.hasTestFixtures) throw problem("not-found", { detail: "There is nothing at this address." });
    throw new Error(body.message);
  },
);
