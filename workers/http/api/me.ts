import { PersonalData } from "../../../domain/audit/personal-data.ts";
import { Me, MePatch } from "../../../domain/identity/user.ts";
import { exportPersonalData } from "../../../services/audit/export-personal-data.ts";
import { deleteMe } from "../../../services/identity/delete-me.ts";
import { loadMe } from "../../../services/identity/load-me.ts";
import { updateMe } from "../../../services/identity/update-me.ts";
import { attachment } from "../download.ts";
import { noContent, reply, routes } from "../operation.ts";

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

me.add(
  {
    method: "patch",
    path: "/v1/me",
    id: "updateMe",
    tag,
    summary: "Change the signed-in user's profile",
    access: "signed-in",
    body: MePatch,
    returns: { 200: Me },
    problems: ["forbidden"],
  },
  async ({ ctx, body }) => reply(200, await updateMe(ctx, body)),
);

me.add(
  {
    method: "get",
    path: "/v1/me/export",
    id: "exportMe",
    tag,
    summary: "Everything the platform keeps about the signed-in user",
    access: "signed-in",
    returns: { 200: PersonalData },
    problems: ["forbidden"],
  },
  async ({ ctx }) => reply(200, await exportPersonalData(ctx), attachment("me.json")),
);

me.add(
  {
    method: "delete",
    path: "/v1/me",
    id: "deleteMe",
    tag,
    summary: "Erase the signed-in user's account, and the tenants they are alone in",
    access: "signed-in",
    returns: { 204: null },
    problems: ["forbidden", "last-owner"],
  },
  async ({ ctx }) => {
    await deleteMe(ctx);
    return noContent();
  },
);
