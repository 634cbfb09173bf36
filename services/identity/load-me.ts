import { eq } from "drizzle-orm";
import type { Me } from "../../domain/identity/user.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { signedInUser } from "./signed-in-user.ts";
import { toUser, users } from "./table.ts";

export async function loadMe(ctx: ServiceContext): Promise<Me> {
  const { userId, role } = signedInUser(ctx);
  const [row] = await ctx.db.select().from(users).where(eq(users.id, userId)).limit(1);
  if (row === undefined) throw problem("unauthenticated");
  return { ...toUser(row), tenantId: ctx.tenant.id, role };
}
