import * as z from "zod";
import { decodeCursor, encodeCursor } from "../../../../domain/kernel/page.ts";
import { mapRunArn } from "../../../../domain/workflows/arn.ts";
import type { RunEventView } from "../../../../domain/workflows/run-view.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import { listRunEvents } from "../../../../services/workflows/runs.ts";
import { roleOfRuns } from "../../../../services/workflows/state-machine.ts";
import { action } from "./action.ts";
import { Arn, limitOf, MaxResults, NextToken } from "./arns.ts";
import { invalidToken } from "./aws-error.ts";
import { findExecution } from "./executions.ts";
import { type HistoryScope, isHistoryEvent, toHistoryEvent } from "./history-event.ts";

const MOST_EVENTS = 1_000;

export const getExecutionHistory = action(
  z.object({
    executionArn: Arn,
    maxResults: MaxResults,
    reverseOrder: z.boolean().nullish(),
    nextToken: NextToken,
    includeExecutionData: z.boolean().nullish(),
  }),
  async (ctx, input) => {
    const run = await findExecution(ctx, input.executionArn);
    const order = input.reverseOrder === true ? "desc" : "asc";
    const after = input.nextToken ? Number(decodeCursor(input.nextToken, 1)[0]) : 0;
    if (!Number.isSafeInteger(after) || after < 0) throw invalidToken();
    const limit = limitOf(input.maxResults, MOST_EVENTS);
    const [{ events: page, hasMore }, roleArn] = await Promise.all([
      listRunEvents(ctx, run.id, { after, limit, order }),
      roleOfRuns(ctx, run.workflow),
    ]);
    const resources = await resourcesOf(ctx, run.id, page);
    const scope: HistoryScope = {
      includeData: input.includeExecutionData !== false,
      roleArn,
      mapRunArn: (name) => mapRunArn(ctx.tenant.id, run.workflow, name),
      resourceOf: (task) => resources.get(task) ?? "",
    };
    const last = page.at(-1);
    return {
      events: page.filter(isHistoryEvent).map((event) => toHistoryEvent(event, scope)),
      ...(hasMore && last !== undefined && { nextToken: encodeCursor([String(last.seq)]) }),
    };
  },
);

/** What the tasks of a page call: told by their Scheduled events, some of which lie on other pages. */
async function resourcesOf(ctx: ServiceContext, runId: string, page: RunEventView[]): Promise<Map<number, string>> {
  const resources = new Map(page.flatMap((event) => scheduled(event)));
  const asked = page.flatMap(({ type, task }) => (type.startsWith("Task") && typeof task === "number" ? [task] : []));
  const missing = [...new Set(asked)].filter((task) => !resources.has(task));
  const found = await Promise.all(
    missing.map((task) => listRunEvents(ctx, runId, { after: task - 1, limit: 1, order: "asc" })),
  );
  for (const [seq, resource] of found.flatMap(({ events }) => events).flatMap((event) => scheduled(event)))
    resources.set(seq, resource);
  return resources;
}

function scheduled({ seq, type, resource }: RunEventView): [number, string][] {
  return type.endsWith("Scheduled") ? [[seq, String(resource)]] : [];
}
