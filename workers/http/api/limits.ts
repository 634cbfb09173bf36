import { Limits } from "../../../domain/limits/limit.ts";
import { listLimits } from "../../../services/limits/list-limits.ts";
import { reply, routes } from "../operation.ts";

export const limits = routes();

limits.add(
  {
    method: "get",
    path: "/v1/limits",
    id: "listLimits",
    tag: "Limits",
    summary: "The limits that hold for the tenant and the caller, and how much of them is used",
    access: "settings:read",
    returns: { 200: Limits },
    problems: ["unavailable"],
  },
  async ({ ctx }) => reply(200, await listLimits(ctx)),
);
