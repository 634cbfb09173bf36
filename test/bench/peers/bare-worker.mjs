// The least that a durable run can be in this runtime: an object of its own, a row a step, each on disk before the next begins.

import { DurableObject } from "cloudflare:workers";

const EVENT = JSON.stringify({ type: "TaskSucceeded", output: { ok: true } });

export class Bare extends DurableObject {
  #waiting = [];

  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("create table if not exists journal (seq integer primary key, event text not null)");
  }

  async chain(steps) {
    for (let i = 0; i < steps; i++) await this.#step();
  }

  async map(width) {
    await Promise.all(Array.from({ length: width }, () => this.#step()));
  }

  wait() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async approve() {
    await this.#step();
    for (const answer of this.#waiting.splice(0)) answer();
  }

  async #step() {
    this.ctx.storage.sql.exec("insert into journal (event) values (?)", EVENT);
    await this.ctx.storage.sync();
  }
}

// biome-ignore lint/style/noDefaultExport: a Worker's handlers are its default export.
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const object = env.BARE.getByName(searchParams.get("id"));
    const size = Number(searchParams.get("size"));
    if (pathname === "/chain") await object.chain(size);
    else if (pathname === "/map") await object.map(size);
    else if (pathname === "/wait") await object.wait();
    else await object.approve();
    return Response.json({ ok: true });
  },
};
