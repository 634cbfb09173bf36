import { DurableObject } from "cloudflare:workers";
import { SECOND_MS } from "../domain/kernel/time.ts";
import { CachedAnswer } from "../domain/llm/answer-cache.ts";
import { type CacheNews, KEY_CHARACTERS } from "../domain/llm/kept-keys.ts";
import { areLike } from "../domain/llm/likeness.ts";
import type { AnswerCache as AnswerCachePort, CacheFind, CacheQuestion, KeptAnswer } from "../services/llm/ports.ts";

// The answers that one tenant's model routes have kept, named by the tenant's id: tenants are apart because their objects are.
//   C1  What is past its time is never found, and is gone from the disk within SWEEP_MS.
//   C2  At most MAX_ANSWERS are kept; the oldest go first. Who keeps one bounds its length.
//   C3  Its time only goes forward, so that who knows the keys kept up to a moment hears the later ones by it.
//   C4  What was answered before a `forget` and arrives after it is not kept.
//   C5  A similar question is looked for among the MAX_COMPARED latest of its scope, so that a look stays below a millisecond.

const MAX_ANSWERS = 20_000;
const MAX_COMPARED = 1_000;
const SWEEP_MS = 60 * SECOND_MS;
/** Longer than any isolate gathers what it keeps. */
const FORGOTTEN_MS = 10 * SECOND_MS;

interface Forgotten {
  route?: string | undefined;
  model?: string | undefined;
  at: number;
}

interface Row extends Record<string, SqlStorageValue> {
  answer: string;
}
interface VectorRow extends Record<string, SqlStorageValue> {
  key: string;
  words: string;
  vector: ArrayBuffer;
}

export class AnswerCache extends DurableObject<Env> implements AnswerCachePort {
  readonly #sql: SqlStorage;
  #latest: number;
  #forgotten: Forgotten[] = [];
  #isSwept: boolean | null = null;
  #atMost: number | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#dropEarlierForm();
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS answers (
        key TEXT PRIMARY KEY,
        scope TEXT,
        marks TEXT,
        words TEXT,
        vector BLOB,
        route TEXT NOT NULL,
        model TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS answers_by_scope ON answers (scope, marks, created_at);
      CREATE INDEX IF NOT EXISTS answers_by_expiry ON answers (expires_at);
      CREATE INDEX IF NOT EXISTS answers_by_age ON answers (created_at);
    `);
    this.#latest = this.#sql.exec<{ at: number }>("SELECT coalesce(max(created_at), 0) AS at FROM answers").one().at;
  }

  /** What was kept without the words of its question can be compared with none. */
  #dropEarlierForm(): void {
    const columns = this.#sql.exec<{ name: string }>("SELECT name FROM pragma_table_info('answers')").toArray();
    if (columns.length > 0 && !columns.some(({ name }) => name === "words")) this.#sql.exec("DROP TABLE answers");
  }

  async find(question: CacheQuestion, brought: readonly KeptAnswer[], since: number | null) {
    const news = await this.keep(brought, since);
    return { found: this.#found(question), news };
  }

  async keep(answers: readonly KeptAnswer[], since: number | null): Promise<CacheNews | null> {
    const now = this.#now();
    this.#forgotten = this.#forgotten.filter(({ at }) => at > now - FORGOTTEN_MS);
    const kept = answers.filter((answer) => !this.#forgotten.some((one) => isOf(one, answer)));
    for (const answer of kept) this.#insert(answer, now);
    if (kept.length > 0) await this.#sweepLater();
    return since === null ? null : this.#newsSince(since, now);
  }

  #found({ key, similar }: CacheQuestion): CacheFind | null {
    const now = this.#now();
    const equal = this.#answerOf(key, now);
    if (equal !== null) return { answer: equal, similarity: 1, isExact: true };
    if (similar === null) return null;
    const nearest = this.#nearest(similar, now);
    if (nearest === null) return null;
    const answer = this.#answerOf(nearest.key, now);
    return answer === null ? null : { answer, similarity: nearest.similarity, isExact: false };
  }

  #insert({ key, similar, route, model, ttlSeconds, text }: KeptAnswer, now: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO answers (key, scope, marks, words, vector, route, model, answer, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      key,
      similar?.scope ?? null,
      similar?.marks ?? null,
      similar === null ? null : similar.words.join(" "),
      similar === null ? null : bytesOf(similar.vector),
      route,
      model,
      text,
      now,
      now + ttlSeconds * SECOND_MS,
    );
    this.#makeRoom();
  }

  #newsSince(since: number, now: number): CacheNews {
    const rows = this.#sql.exec<{ key: string }>(
      `SELECT substr(key, 1, ${KEY_CHARACTERS}) AS key FROM answers WHERE created_at >= ?`,
      since,
    );
    return { keys: Array.from(rows, ({ key }) => key), upTo: now };
  }

  #now(): number {
    this.#latest = Math.max(this.#latest, Date.now());
    return this.#latest;
  }

  async forget({ route, model }: { route?: string | undefined; model?: string | undefined }): Promise<number> {
    this.#forgotten.push({ route, model, at: this.#now() });
    const forgotten = this.#sql.exec(
      "DELETE FROM answers WHERE (?1 IS NULL OR route = ?1) AND (?2 IS NULL OR model = ?2) RETURNING 1",
      route ?? null,
      model ?? null,
    );
    return forgotten.toArray().length;
  }

  override async alarm(): Promise<void> {
    this.#sql.exec("DELETE FROM answers WHERE expires_at <= ?", Date.now());
    this.#isSwept = null;
    const [row] = this.#sql.exec<{ some: number }>("SELECT EXISTS (SELECT 1 FROM answers) AS some");
    if (row?.some === 1) await this.#sweepLater();
  }

  /** Counted once and then guessed from above, because counting reads every row. */
  #makeRoom(): void {
    this.#atMost = this.#atMost === null ? this.#counted() : this.#atMost + 1;
    if (this.#atMost <= MAX_ANSWERS) return;
    this.#sql.exec(
      "DELETE FROM answers WHERE key IN (SELECT key FROM answers ORDER BY created_at LIMIT ?)",
      MAX_ANSWERS / 10,
    );
    this.#atMost = this.#counted();
  }

  #counted(): number {
    return this.#sql.exec<{ count: number }>("SELECT count(*) AS count FROM answers").one().count;
  }

  #answerOf(key: string, now: number): CachedAnswer | null {
    const [row] = this.#sql.exec<Row>("SELECT answer FROM answers WHERE key = ? AND expires_at > ?", key, now);
    if (row === undefined) return null;
    // As it was kept, its members in their order: a repeated answer is the first one to the letter.
    const kept = JSON.parse(row.answer);
    return CachedAnswer.safeParse(kept).success ? kept : null;
  }

  #nearest({ scope, marks, words, vector, threshold }: NonNullable<CacheQuestion["similar"]>, now: number) {
    const rows = this.#sql.exec<VectorRow>(
      "SELECT key, words, vector FROM answers WHERE scope = ? AND marks = ? AND expires_at > ? ORDER BY created_at DESC LIMIT ?",
      scope,
      marks,
      now,
      MAX_COMPARED,
    );
    let nearest: { key: string; similarity: number } | null = null;
    for (const row of rows) {
      const similarity = cosine(vector, new Float32Array(row.vector));
      if (similarity < (nearest?.similarity ?? threshold) || !areLike(words, row.words.split(" "), threshold)) continue;
      nearest = { key: row.key, similarity };
    }
    return nearest;
  }

  async #sweepLater(): Promise<void> {
    this.#isSwept ??= (await this.ctx.storage.getAlarm()) !== null;
    if (this.#isSwept) return;
    this.#isSwept = true;
    await this.ctx.storage.setAlarm(Date.now() + SWEEP_MS);
  }
}

function isOf({ route, model, at }: Forgotten, answer: KeptAnswer): boolean {
  return (
    answer.answeredAt < at &&
    (route === undefined || answer.route === route) &&
    (model === undefined || answer.model === model)
  );
}

function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}

function bytesOf(vector: Float32Array): ArrayBuffer {
  return new Float32Array(vector).buffer;
}
