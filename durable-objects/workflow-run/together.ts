interface Waiting<Item> {
  item: Item;
  resolve(): void;
  reject(error: unknown): void;
}

/** What the runs of one object have for the same receiver at the same moment goes out as one. */
export class Together<Item> {
  readonly #send: (receiver: string, items: Item[]) => Promise<void>;
  readonly #waiting = new Map<string, Waiting<Item>[]>();

  constructor(send: (receiver: string, items: Item[]) => Promise<void>) {
    this.#send = send;
  }

  /** Resolves when the receiver has it, and fails as the sending does. */
  put(receiver: string, item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(receiver);
      if (waiting !== undefined) {
        waiting.push({ item, resolve, reject });
        return;
      }
      this.#waiting.set(receiver, [{ item, resolve, reject }]);
      setTimeout(() => this.#flush(receiver), 0);
    });
  }

  #flush(receiver: string): void {
    const waiting = this.#waiting.get(receiver) ?? [];
    this.#waiting.delete(receiver);
    const sent = this.#send(
      receiver,
      waiting.map(({ item }) => item),
    );
    sent.then(
      () => {
        for (const { resolve } of waiting) resolve();
      },
      (error: unknown) => {
        for (const { reject } of waiting) reject(error);
      },
    );
  }
}
