import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../adapters/compose.ts";
import { SECOND_MS } from "../domain/kernel/time.ts";
import type { PlatformContext, ServiceContext } from "../services/context.ts";
import { tickSchedule } from "../services/workflows/tick-schedule.ts";

// One schedule: its alarm, and the place where its ticks are answered one look after the other.
//   A1  The database says what the schedule is and how far it came; here rests only what nobody else needs.
//   A2  Before a look an alarm is set that repeats it: an object that dies in the middle is woken.
//   A3  A schedule that will not tick again leaves nothing behind.

const GUARD_MS = 30 * SECOND_MS;

interface Of {
  tenantId: string;
  scheduleId: string;
}

export class Scheduler extends DurableObject<Env> {
  #turn: Promise<unknown> = Promise.resolve();

  async wake(tenantId: string, scheduleId: string): Promise<void> {
    await this.#look({ tenantId, scheduleId });
  }

  override async alarm(): Promise<void> {
    const of = this.ctx.storage.kv.get<Of>("of");
    if (of === undefined) return;
    try {
      await this.#look(of);
    } catch (error) {
      // Not thrown on: the platform would repeat the handler at once and then give up; A2 repeats it for ever.
      const platform = this.#platform();
      platform.log.error("schedule.look-failed", error, { scheduleId: of.scheduleId });
      platform.ports.errorTracker.capture(error, { scheduleId: of.scheduleId });
    }
  }

  #look(of: Of): Promise<void> {
    const turn = this.#turn.then(() => this.#answerTicks(of));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #answerTicks(of: Of): Promise<void> {
    const { storage } = this.ctx;
    storage.kv.put("of", of);
    await storage.setAlarm(Date.now() + GUARD_MS);
    const next = await tickSchedule(this.#context(of), of.scheduleId, storage.kv.get<number>("buffered") ?? null);
    if (next.at === null) {
      await storage.deleteAll();
      return;
    }
    if (next.buffered === null) storage.kv.delete("buffered");
    else storage.kv.put("buffered", next.buffered);
    await storage.setAlarm(next.at);
  }

  #context({ tenantId, scheduleId }: Of): ServiceContext {
    const actor = { kind: "system", name: scheduleId } as const;
    return { ...this.#platform(), tenant: { id: tenantId }, actor, requestId: scheduleId };
  }

  #platform(): PlatformContext {
    return composePlatform(this.env, { waitUntil: (work) => this.ctx.waitUntil(work) });
  }
}
