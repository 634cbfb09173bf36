import { Me } from "../../../domain/identity/user.ts";
import { loadMe } from "../../../services/identity/load-me.ts";
import { reply, routes } from "../operation.ts";

export const me = routes();
const tag = "Identity";

me.add(
  {
    method: "get",
    path: "/v1/me",
    id: "getMe",
    tag,
    summary: "The signed-in user",
    access: "signed-in",
    returns: { 200: Me },
    problems: ["forbidden"],
  },
  async ({ ctx }) => reply(200, await loadMe(ctx)),
);
