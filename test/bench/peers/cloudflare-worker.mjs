// Cloudflare Workflows with the same chains. Times are the run's own, taken inside it, so that asking for its end costs nothing.

import { WorkflowEntrypoint } from "cloudflare:workers";

const step = async () => 1;

export class Bench extends WorkflowEntrypoint {
  async run({ payload: { kind, size } }, workflow) {
    const from = Date.now();
    if (kind === "chain") {
      for (let i = 0; i < size; i++) await workflow.do(`step ${i}`, step);
    } else if (kind === "map") {
      await Promise.all(Array.from({ length: size }, (_, i) => workflow.do(`step ${i}`, step)));
    } else {
      await workflow.waitForEvent("decision", { type: "decision", timeout: "1 minute" });
    }
    return { from, to: Date.now() };
  }
}

// biome-ignore lint/style/noDefaultExport: a Worker's handlers are its default export.
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get("id");
    if (pathname === "/start") {
      const params = { kind: searchParams.get("kind"), size: Number(searchParams.get("size")) };
      await env.BENCH.create({ id, params });
      return new Response("started");
    }
    const run = await env.BENCH.get(id);
    if (pathname === "/approve") {
      const at = Date.now();
      await run.sendEvent({ type: "decision", payload: "approve" });
      return Response.json({ at });
    }
    return Response.json(await run.status());
  },
};
