import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { QueueMessage } from "../../../domain/jobs/message.ts";
import { DAY_MS } from "../../../domain/kernel/time.ts";
import { createInvitation } from "../../../services/identity/create-invitation.ts";
import { sendMail } from "../../../services/identity/send-mail.ts";
import { pruneTasks, runStoredTask } from "../../../services/jobs/stored-tasks.ts";
import { handleTask } from "../../../workers/queues/handlers.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { mailsTo } from "../../support/mailbox.ts";

interface TaskRow {
  id: string;
  payload: string;
  status: string;
}

/** Invites somebody while nobody listens to the queue: the process died after the commit. */
async function invitedUnheard(owner: TestMember): Promise<{ email: string; task: TaskRow }> {
  const email = `guest-${crypto.randomUUID()}@example.com`;
  const rings: QueueMessage[] = [];
  const send = async (messages: readonly QueueMessage[]) => void rings.push(...messages);
  await createInvitation({ ...owner.ctx, ports: { ...owner.ctx.ports, queue: { send } } }, { email, role: "viewer" });
  const ids = rings.flatMap((ring) => (ring.kind === "stored-task" ? [ring.id] : []));
  const task = await env.DB.prepare(
    "select id, payload, status from tasks where type = 'mail.send' and id in (select value from json_each(?))",
  )
    .bind(JSON.stringify(ids))
    .first<TaskRow>();
  if (task === null) throw new Error("the mail was not stored");
  return { email, task };
}

function run({ id }: TaskRow) {
  const platform = aPlatform();
  const ctx = { ...platform, tenant: { id: "platform" }, actor: { kind: "system", name: "queue" } as const };
  return runStoredTask(platform, { id, tenantId: "platform" }, (task) => handleTask(ctx, task));
}

describe("mail", () => {
  it("leaves later when the process died after the commit that it tells of", async () => {
    const { email, task } = await invitedUnheard(await aTenant("Host"));
    expect(await mailsTo(email)).toEqual([]);
    expect(await run(task)).toBe("done");
    expect(await mailsTo(email)).toMatchObject([{ subject: "You are invited to Host" }]);
  });

  it("rests where no member of the tenant finds its link", async () => {
    const owner = await aTenant();
    const { email, task } = await invitedUnheard(owner);
    expect(task.payload).not.toContain(email);
    expect(task.payload).not.toContain("token");
    expect((await owner.call("/v1/jobs")).body.data).toEqual([]);
    expect((await owner.call(`/v1/jobs/${task.id}`)).status).toBe(404);
  });

  it("comes once, however often it is sent", async () => {
    const { email, task } = await invitedUnheard(await aTenant());
    await sendMail(aPlatform(), JSON.parse(task.payload));
    await sendMail(aPlatform(), JSON.parse(task.payload));
    expect(await mailsTo(email)).toHaveLength(1);
  });

  it("that never left is forgotten after a week", async () => {
    const { task } = await invitedUnheard(await aTenant());
    const stays = async () => (await env.DB.prepare("select 1 from tasks where id = ?").bind(task.id).first()) !== null;
    await env.DB.prepare("update tasks set status = 'failed', finished_at = ? where id = ?")
      .bind(Date.now(), task.id)
      .run();
    await pruneTasks(aPlatform({ clock: { now: () => Date.now() + 6 * DAY_MS } }));
    expect(await stays()).toBe(true);
    await pruneTasks(aPlatform({ clock: { now: () => Date.now() + 8 * DAY_MS } }));
    expect(await stays()).toBe(false);
  });
});
