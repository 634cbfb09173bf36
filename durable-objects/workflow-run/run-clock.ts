import { SECOND_MS } from "../../domain/kernel/time.ts";

/** Timers nearer than this also ring in memory, which is more punctual than the alarm. */
const NEAR_TIMER_MS = 10 * SECOND_MS;

/** When the object is to be woken for one of its runs. */
export interface RunAlarm {
  set(at: number): Promise<void>;
  clear(): Promise<void>;
}

/** The run's alarm, and beside it a timer in memory for what is near. */
export class RunClock {
  readonly #alarm: RunAlarm;
  readonly #later: (work: Promise<unknown>) => void;
  readonly #ring: () => Promise<unknown>;
  #alarmAt: number | null = null;
  #near: { at: number; handle: ReturnType<typeof setTimeout> } | null = null;

  constructor(alarm: RunAlarm, wiring: { later(work: Promise<unknown>): void; ring(): Promise<unknown> }) {
    this.#alarm = alarm;
    this.#later = wiring.later;
    this.#ring = wiring.ring;
  }

  /** The alarm has rung, so none is set. */
  alarmRang(): void {
    this.#alarmAt = null;
  }

  /** An alarm that is set for earlier stays. */
  wakeBy(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.#later(this.#alarm.set(at));
  }

  /** Nothing is due before `at`; never where it is infinite. */
  async restUntil(at: number): Promise<void> {
    if (!Number.isFinite(at)) return this.stop();
    if (this.#alarmAt === at) return;
    this.#alarmAt = at;
    await this.#alarm.set(at);
  }

  async stop(): Promise<void> {
    this.#alarmAt = null;
    await this.#alarm.clear();
  }

  ringInMemory(at: number): void {
    const waitMs = at - Date.now();
    if (waitMs > NEAR_TIMER_MS || (this.#near !== null && this.#near.at <= at)) return;
    if (this.#near !== null) clearTimeout(this.#near.handle);
    const handle = setTimeout(
      () => {
        this.#near = null;
        this.#later(this.#ring());
      },
      Math.max(0, waitMs),
    );
    this.#near = { at, handle };
  }
}
