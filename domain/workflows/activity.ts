import type { Json } from "../kernel/json.ts";

/** Work that the tenant's own processes poll for: a Task state names it, a worker takes the task and answers with its token. */
export interface Activity {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: string;
}

/** What a worker is handed. */
export interface ActivityTask {
  readonly token: string;
  readonly input: Json;
}

/** AWS: activities of an account. */
export const MAX_ACTIVITIES = 10_000;

/** AWS allows more characters; these can stand in a name of every kind. */
export function isActivityName(name: string): boolean {
  return /^[A-Za-z0-9_.-]{1,80}$/.test(name);
}
