import { sql } from "drizzle-orm";
import { putLast } from "../../domain/kernel/bounded-map.ts";
import type { Clock } from "../../domain/kernel/time.ts";
import type { Database } from "../../services/context.ts";
import type { PersonKey, PersonKeys } from "../../services/identity/ports.ts";
import type { SecretBox } from "../../services/ports.ts";

// The keys lie in the table `person_keys`, sealed with the platform's and bound to the person.
//   K1  only who has an account has a key; once it is dropped nothing that it sealed opens, and none is made anew.
//   K2  an isolate remembers keys to seal with. To open, the database is asked: a dropped key opens nothing anywhere.

const KEY_BYTES = 32;
const MAX_REMEMBERED = 5_000;

interface Options {
  secretBox: SecretBox;
  clock: Clock;
  randomBytes(count: number): Uint8Array;
}

export function d1PersonKeys(db: Database, { secretBox, clock, randomBytes }: Options): PersonKeys {
  const remembered = new Map<string, SecretBox>();

  const boxOf = async ({ userId, key }: Pick<PersonKey, "userId" | "key">): Promise<SecretBox> => {
    const secret = await secretBox.open(key, contextOf(userId));
    return secretBox.withKey(new Uint8Array(Buffer.from(secret, "base64")));
  };
  const remember = async (row: Pick<PersonKey, "userId" | "key">): Promise<SecretBox> => {
    const box = await boxOf(row);
    putLast(remembered, row.userId, box, MAX_REMEMBERED);
    return box;
  };
  const fresh = async (userId: string): Promise<PersonKey> => {
    const secret = Buffer.from(randomBytes(KEY_BYTES)).toString("base64");
    return { userId, key: await secretBox.seal(secret, contextOf(userId)), createdAt: clock.now() };
  };
  const keysOf = (userIds: readonly string[]) =>
    db.all<{ userId: string; key: string }>(sql`
      select user_id as userId, key from person_keys
      where user_id in (select value from json_each(${JSON.stringify(userIds)}))
    `);
  const findBox = async (userId: string): Promise<SecretBox | null> => {
    const [known] = await keysOf([userId]);
    if (known !== undefined) return remember(known);
    // An account from before there were keys: whoever asks first makes it.
    const { key, createdAt } = await fresh(userId);
    await db.run(sql`
      insert or ignore into person_keys (user_id, key, created_at)
      select id, ${key}, ${createdAt} from users where id = ${userId}
    `);
    const [made] = await keysOf([userId]);
    return made === undefined ? null : remember(made);
  };

  return {
    async make(userId) {
      const row = await fresh(userId);
      await remember(row);
      return row;
    },
    async seal(userId, plain, context) {
      const box = remembered.get(userId) ?? (await findBox(userId));
      return box === null ? null : `${userId}.${await box.seal(plain, context)}`;
    },
    async open(questions) {
      const userIds = new Set(questions.flatMap(({ sealed }) => (sealed === null ? [] : [parts(sealed).userId])));
      if (userIds.size === 0) return questions.map(() => null);
      const rows = await keysOf([...userIds]);
      const boxes = new Map(await Promise.all(rows.map(async (row) => [row.userId, await boxOf(row)] as const)));
      return Promise.all(
        questions.map(async ({ sealed, context }) => {
          if (sealed === null) return null;
          const { userId, text } = parts(sealed);
          // A text that a key does not open is as good as one whose key was dropped.
          return (
            (await boxes
              .get(userId)
              ?.open(text, context)
              .catch(() => null)) ?? null
          );
        }),
      );
    },
    forget(userId) {
      remembered.delete(userId);
    },
  };
}

function contextOf(userId: string): string {
  return `person-key:${userId}`;
}

function parts(sealed: string): { userId: string; text: string } {
  const dot = sealed.indexOf(".");
  return { userId: sealed.slice(0, dot), text: sealed.slice(dot + 1) };
}
