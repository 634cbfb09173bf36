import type { Actor } from "../domain/kernel/actor.ts";
import type { PlatformContext } from "./context.ts";

// What an audit entry tells about a person rests sealed with the person's key: the log is never changed, and yet nobody reads
// it any more once the key is dropped.

/** From where somebody acted, and details that name them. */
export interface Personal {
  ip: string | null;
  userAgent: string | null;
  details: Record<string, unknown> | null;
}

interface Whose {
  tenantId: string;
  actor: Actor;
  target: { type: string; id: string } | null;
}

type Columns = Personal & { personal: string | null };

/** The columns of an entry: sealed where they are about somebody who has an account, in clear where they are about nobody known. */
export async function personalColumns(platform: PlatformContext, whose: Whose, told: Personal): Promise<Columns> {
  const isEmpty = told.ip === null && told.userAgent === null && told.details === null;
  const userId = personBehind(whose);
  if (isEmpty || userId === null) return { ...told, personal: null };
  const personal = await platform.ports.personKeys.seal(userId, JSON.stringify(told), contextOf(whose));
  return { ip: null, userAgent: null, details: null, personal };
}

/** The rows with what is sealed in them, as far as it can still be opened. */
export async function opened<T extends Columns & { tenantId: string }>(
  platform: PlatformContext,
  rows: readonly T[],
): Promise<T[]> {
  const questions = rows.map((row) => ({ sealed: row.personal, context: contextOf(row) }));
  const texts = await platform.ports.personKeys.open(questions);
  return rows.map((row, n) => {
    const text = texts[n];
    if (text == null) return row;
    const { ip, userAgent, details } = JSON.parse(text) as Personal;
    return { ...row, ip, userAgent, details: details === null ? row.details : { ...row.details, ...details } };
  });
}

/** Who acted; where the platform acted by itself, whom it concerns. */
function personBehind({ actor, target }: Whose): string | null {
  switch (actor.kind) {
    case "user":
      return actor.userId;
    case "api-key":
      return actor.createdBy;
    case "system":
      return target?.type === "user" ? target.id : null;
    case "operator":
      return null;
  }
}

/** A sealed text that was moved to another tenant's log does not open. */
function contextOf({ tenantId }: { tenantId: string }): string {
  return `audit:${tenantId}`;
}
