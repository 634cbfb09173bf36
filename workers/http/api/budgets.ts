import * as z from "zod";
import { Budget, BudgetName, BudgetState } from "../../../domain/llm/budget.ts";
import { listBudgets } from "../../../services/llm/list-budgets.ts";
import { deleteBudget, putBudget } from "../../../services/llm/put-budget.ts";
import { noContent, reply, routes } from "../operation.ts";

const params = z.strictObject({ name: BudgetName });

export const budgets = routes();

budgets.add(
  {
    method: "get",
    path: "/v1/budgets",
    id: "listBudgets",
    tag: "LLM gateway",
    summary: "What calls to models may cost in this month, and what they have cost",
    access: "usage:read",
    returns: { 200: z.object({ data: z.array(BudgetState) }) },
    problems: ["unavailable"],
  },
  async ({ ctx }) => reply(200, { data: await listBudgets(ctx) }),
);

budgets.add(
  {
    method: "put",
    path: "/v1/budgets/{name}",
    id: "putBudget",
    tag: "LLM gateway",
    summary: "Bounds what the tenant's calls, or those of one API key, may cost in a month",
    access: "settings:write",
    params,
    body: Budget,
    returns: { 200: BudgetState },
    problems: ["not-found", "unavailable"],
  },
  async ({ ctx, params, body }) => reply(200, await putBudget(ctx, params.name, body)),
);

budgets.add(
  {
    method: "delete",
    path: "/v1/budgets/{name}",
    id: "deleteBudget",
    tag: "LLM gateway",
    summary: "Lifts a budget",
    access: "settings:write",
    params,
    returns: { 204: null },
  },
  async ({ ctx, params }) => {
    await deleteBudget(ctx, params.name);
    return noContent();
  },
);
