import { eq } from "drizzle-orm";
import type { Me, MePatch } from "../../domain/identity/user.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { accountHolder } from "./account-holder.ts";
import { loadMe } from "./load-me.ts";
import { users } from "./table.ts";

export async function updateMe(ctx: ServiceContext, patch: MePatch): Promise<Me> {
  const { userId } = await accountHolder(ctx);
  if (patch.name !== undefined) {
    await commit(ctx, {
      change: ctx.db.update(users).set({ name: patch.name }).where(eq(users.id, userId)),
      audit: { action: "user.updated", target: { type: "user", id: userId }, details: { changed: Object.keys(patch) } },
    });
  }
  return loadMe(ctx);
}
