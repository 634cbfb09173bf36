import { CreateDocument } from "../../../domain/knowledge/document.ts";
import type { IndexDocument, IndexQuery } from "../../../domain/knowledge/index-contract.ts";
import type { KnowledgeIndex } from "../../../durable-objects/knowledge-index/index-object.ts";

// biome-ignore lint/performance/noBarrelFile: the platform finds the object class among the exports of the entry
export { KnowledgeIndex } from "../../../durable-objects/knowledge-index/index-object.ts";

interface BenchEnv {
  readonly KNOWLEDGE_INDEX: DurableObjectNamespace<KnowledgeIndex>;
}

/** Drives one index object in batches, so that a measurement is not one of HTTP. */
export default {
  async fetch(request: Request, env: BenchEnv): Promise<Response> {
    const [name = "", action = ""] = new URL(request.url).pathname.slice(1).split("/");
    const index = env.KNOWLEDGE_INDEX.get(env.KNOWLEDGE_INDEX.idFromName(name));
    switch (action) {
      case "documents": {
        const documents = await request.json<IndexDocument[]>();
        const outcomes = [];
        for (const document of documents) {
          CreateDocument.shape.title.parse(document.title);
          outcomes.push(await index.upsertDocument(document));
        }
        return Response.json(outcomes);
      }
      case "search": {
        const queries = await request.json<IndexQuery[]>();
        const answers = [];
        for (const query of queries) {
          const started = performance.now();
          const outcome = await index.search(query);
          if (!outcome.found) throw new Error(outcome.detail);
          const results = outcome.results.map(({ text: _, ...result }) => result);
          answers.push({ results, timings: outcome.timings, callMs: performance.now() - started });
        }
        return Response.json(answers);
      }
      case "learn":
        await index.learnTopics();
        return Response.json(null);
      case "stats":
        return Response.json(await index.stats());
      default:
        return new Response("unknown action", { status: 404 });
    }
  },
};
