/** Which tables an object's database has. Most runs need few of them, and making one costs more than a row. */
export class Tables {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  #names: Set<string> | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  has(name: string): boolean {
    return this.#known().has(name);
  }

  /** `definition` is what follows the name. */
  make(name: string, definition: string): void {
    if (this.has(name)) return;
    this.#sql.exec(`create table "${name}" ${definition}`);
    this.#known().add(name);
  }

  drop(name: string): void {
    this.#sql.exec(`drop table "${name}"`);
    this.#known().delete(name);
  }

  dropAll(): void {
    for (const name of [...this.#known()]) this.drop(name);
  }

  /** All of it, or none when it throws. */
  transaction(work: () => void): void {
    try {
      this.#storage.transactionSync(work);
    } catch (error) {
      // The tables that it made are gone with it.
      this.#names = null;
      throw error;
    }
  }

  #known(): Set<string> {
    this.#names ??= new Set(
      this.#sql
        .exec<{ name: string }>(
          "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like '\\_cf\\_%' escape '\\'",
        )
        .toArray()
        .map(({ name }) => name),
    );
    return this.#names;
  }
}
