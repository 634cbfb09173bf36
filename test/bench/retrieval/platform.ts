import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { IndexDocument, IndexOutcome, IndexQuery, IndexStats } from "../../../domain/knowledge/index-contract.ts";
import type { SearchResult, SearchTimings } from "../../../domain/knowledge/search.ts";

export interface MeasuredSearch {
  readonly results: Omit<SearchResult, "text">[];
  readonly timings: SearchTimings;
  readonly callMs: number;
}

/** The real index object in the real runtime, with its SQLite on disk. */
export interface Platform {
  upsert(index: string, documents: readonly IndexDocument[]): Promise<void>;
  search(index: string, queries: readonly IndexQuery[]): Promise<MeasuredSearch[]>;
  /** What the index's alarm does some seconds after the last document. */
  learn(index: string): Promise<void>;
  stats(index: string): Promise<IndexStats>;
  stop(): Promise<void>;
}

const HERE = import.meta.dirname;
const KERNEL = path.join(HERE, "../../../durable-objects/knowledge-index/kernel/dot-products.wasm");
const BATCH = 100;

/** In a folder of its own that goes when it stops, or in one that stays: a large index is then built once. */
export async function startPlatform(kept?: string): Promise<Platform> {
  const state = kept ?? (await mkdtemp(path.join(tmpdir(), "weft-retrieval-")));
  const options = convertV4MiniflareOptions({
    modules: [
      { type: "ESModule", path: "worker.js", contents: await bundledWorker() },
      { type: "CompiledWasm", path: "dot-products.wasm", contents: await readFile(KERNEL) },
    ],
    compatibilityDate: "2026-10-01",
    compatibilityFlags: ["nodejs_compat"],
    durableObjects: { KNOWLEDGE_INDEX: { className: "KnowledgeIndex", useSQLite: true } },
  });
  const miniflare = new Miniflare({ ...options, resourcePersistencePath: state });
  const origin = await miniflare.ready;
  const call = async <T>(index: string, action: string, body: unknown = null): Promise<T> => {
    const response = await fetch(new URL(`/${index}/${action}`, origin), {
      method: "POST",
      body: JSON.stringify(body),
      // A peer may keep this thread busy for longer than an idle connection lives.
      headers: { connection: "close" },
    });
    if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    async upsert(index, documents) {
      for (const batch of batches(documents)) {
        const outcomes = await call<IndexOutcome[]>(index, "documents", batch);
        for (const outcome of outcomes) if (!outcome.indexed) throw new Error(outcome.detail);
      }
    },
    async search(index, queries) {
      const all: MeasuredSearch[] = [];
      for (const batch of batches(queries)) all.push(...(await call<MeasuredSearch[]>(index, "search", batch)));
      return all;
    },
    learn: (index) => call(index, "learn"),
    stats: (index) => call<IndexStats>(index, "stats"),
    async stop() {
      await miniflare.dispose();
      if (kept === undefined) await rm(state, { recursive: true, force: true });
    },
  };
}

async function bundledWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(HERE, "worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd"],
    external: ["cloudflare:workers", "node:*"],
    plugins: [
      {
        name: "wasm-module",
        setup: (plugin) => {
          plugin.onResolve({ filter: /\.wasm$/ }, (found) => ({
            path: `./${path.basename(found.path)}`,
            external: true,
          }));
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? "";
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += BATCH) yield items.slice(from, from + BATCH);
}
