import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../adapters/compose.ts";
import type { ActivityTask } from "../domain/workflows/activity.ts";
import type { ActivityQueue } from "../services/workflows/ports.ts";

// The tasks of one activity that no worker has taken, and the workers that wait for one.
//   A1  A task is handed to one worker: its run starts it once, and says so to nobody else.
//   A2  A task that nobody was handed waits on: it leaves only once its run has answered, that it started or that it is over.
//   A3  The oldest task goes to the worker that waits the longest.

export class ActivityTasks extends DurableObject<Env> implements ActivityQueue {
  readonly #sql: SqlStorage;
  /** Being offered to a worker at this moment. */
  readonly #offered = new Set<string>();
  #workers: (() => void)[] = [];

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec("create table if not exists waiting (id integer primary key, token text not null unique)");
  }

  async put(token: string): Promise<void> {
    this.#sql.exec("insert or ignore into waiting (token) values (?)", token);
    this.#workers.shift()?.();
  }

  async take(waitMs: number, workerName: string | null): Promise<ActivityTask | null> {
    const until = Date.now() + waitMs;
    for (;;) {
      const token = this.#oldest();
      const task = token === null ? null : await this.#start(token, workerName);
      if (task !== null) return task;
      if (token !== null) continue;
      const rest = until - Date.now();
      if (rest <= 0) return null;
      await this.#arrival(rest);
    }
  }

  async clear(): Promise<void> {
    await this.ctx.storage.deleteAll();
    // An object that lives on begins as a fresh one does.
    this.#sql.exec("create table if not exists waiting (id integer primary key, token text not null unique)");
  }

  async #start(token: string, workerName: string | null): Promise<ActivityTask | null> {
    this.#offered.add(token);
    try {
      const [runId = ""] = token.split(".");
      const task = await this.#run(runId).startActivity(token, workerName);
      this.#sql.exec("delete from waiting where token = ?", token);
      return task;
    } finally {
      this.#offered.delete(token);
    }
  }

  #oldest(): string | null {
    const rows = this.#sql.exec<{ token: string }>(
      "select token from waiting order by id limit ?",
      this.#offered.size + 1,
    );
    return rows.toArray().find(({ token }) => !this.#offered.has(token))?.token ?? null;
  }

  /** Resolves when a task comes, or when the time is over. */
  async #arrival(ms: number): Promise<void> {
    let wake = () => {};
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      this.#workers.push(wake);
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.#workers = this.#workers.filter((worker) => worker !== wake);
  }

  #run(runId: string) {
    const { ports } = composePlatform(this.env, { waitUntil: (work) => this.ctx.waitUntil(work) });
    return ports.runActors.of(this.#tenantId(), runId);
  }

  /** The object is always addressed by its tenant and its activity. */
  #tenantId(): string {
    const [tenantId = ""] = this.ctx.id.name?.split("/") ?? [];
    if (tenantId === "") throw new Error("An activity's tasks were addressed without their name");
    return tenantId;
  }
}
