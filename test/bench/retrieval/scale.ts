import type { IndexDocument } from "../../../domain/knowledge/index-contract.ts";
import type { Platform } from "./platform.ts";
import { quantile } from "./table.ts";

export interface ScaleRow {
  readonly chunks: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly filteredP95Ms: number;
  readonly coldMs: number;
  readonly ingestPerSecond: number;
  readonly storageMegabytes: number;
  readonly vectorMegabytes: number;
}

/** 512 tokens are about 370 English words, of which 220 are no stop words. */
const WORDS_PER_CHUNK = 220;
const CHUNKS_PER_DOCUMENT = 20;
const QUERIES = 200;

/** Fills one index with text whose words follow Zipf's law over a vocabulary that grows as real text's does. */
export async function measureScale(platform: Platform, sizes: readonly number[]): Promise<ScaleRow[]> {
  const index = "scale";
  const next = numbers(7);
  const rows: ScaleRow[] = [];
  let held = 0;
  for (const size of sizes.toSorted((a, b) => a - b)) {
    const started = performance.now();
    const added = size - held;
    for (; held < size; held += CHUNKS_PER_DOCUMENT * 10) {
      await platform.upsert(
        index,
        Array.from({ length: 10 }, (_, at) => aDocument(held + at * CHUNKS_PER_DOCUMENT, next)),
      );
    }
    const ingestPerSecond = (added / (performance.now() - started)) * 1_000;
    rows.push({ chunks: size, ingestPerSecond, ...(await measured(platform, index, next)) });
  }
  return rows;
}

async function measured(platform: Platform, index: string, next: () => number) {
  // No query is asked twice: the second time the index would know the answer.
  const asked = (count: number) => Array.from({ length: count }, () => ({ query: words(8, next).join(" "), topK: 10 }));
  const [cold] = await platform.search(index, asked(1));
  await platform.search(index, asked(20));
  const queries = asked(QUERIES);
  const warm = (await platform.search(index, queries)).map((search) => search.callMs);
  const filtered = await platform.search(
    index,
    queries.map((query) => ({ ...query, filter: { group: { $lt: 3 } } })),
  );
  const stats = await platform.stats(index);
  return {
    p50Ms: quantile(warm, 0.5),
    p95Ms: quantile(warm, 0.95),
    filteredP95Ms: quantile(
      filtered.map((search) => search.callMs),
      0.95,
    ),
    coldMs: cold?.callMs ?? 0,
    storageMegabytes: stats.storageBytes / 2 ** 20,
    vectorMegabytes: stats.vectorBytes / 2 ** 20,
  };
}

function aDocument(number: number, next: () => number): IndexDocument {
  return {
    documentId: `document-${number}`,
    title: words(4, next).join(" "),
    metadata: { group: number % 10 },
    chunks: Array.from({ length: CHUNKS_PER_DOCUMENT }, (_, at) => {
      const text = `${words(WORDS_PER_CHUNK, next).join(" ")}.`;
      return { chunkId: `chunk-${number + at}`, start: 0, end: text.length, text, headingPath: [] };
    }),
  };
}

/** Zipf's law over 200,000 words from the fiftieth on: the commoner ones are stop words. */
function words(count: number, next: () => number): string[] {
  return Array.from({ length: count }, () => spelled(Math.floor(50 * Math.exp(next() * Math.log(4_000)))));
}

const SYLLABLES = [
  "ba",
  "ko",
  "ri",
  "tem",
  "lu",
  "san",
  "de",
  "vor",
  "mi",
  "nal",
  "pe",
  "gus",
  "to",
  "hin",
  "ra",
  "fel",
];

function spelled(rank: number): string {
  let word = "";
  for (let rest = rank + 1; rest > 0; rest = Math.floor(rest / SYLLABLES.length))
    word += SYLLABLES[rest % SYLLABLES.length];
  return word;
}

function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
