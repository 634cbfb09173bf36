import { expect, it } from "vitest";
import { eventually } from "../../support/a-run.ts";
import { aTenant } from "../../support/a-tenant.ts";

it("counts the tokens of a model call against the month's quota", async () => {
  const member = await aTenant();
  const messages = [{ role: "user", content: "How many days of leave?" }];
  const answer = await member.call("/v1/chat/completions", { body: { model: "local/extractive", messages } });
  const { total_tokens: tokens } = answer.body.usage;
  const used = await eventually(
    async () => {
      const { limits } = (await member.call("/v1/limits")).body;
      return limits.find(({ name }: { name: string }) => name === "llm-tokens").used as number;
    },
    (seen) => seen > 0,
  );
  expect(used).toBe(tokens);
});
