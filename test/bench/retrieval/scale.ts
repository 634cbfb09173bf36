import type { Filter } from "../../../domain/knowledge/filter.ts";
import type { IndexDocument } from "../../../domain/knowledge/index-contract.ts";
import type { SearchTimings } from "../../../domain/knowledge/search.ts";
import type { Platform } from "./platform.ts";
import { quantile } from "./table.ts";

export interface ScaleRow {
  readonly chunks: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly filteredP95Ms: number;
  readonly narrowP95Ms: number;
  readonly coldMs: number;
  readonly ingestPerSecond: number;
  readonly storageMegabytes: number;
  readonly vectorMegabytes: number;
}

/** Where the time of a middling search goes. */
export interface StageRow extends SearchTimings {
  readonly chunks: number;
}

/** 512 tokens are about 370 English words, of which 150 are stop words: by them the index takes the text for English. */
const WORDS_PER_CHUNK = 220;
const STOP_WORDS = "the of and to in is that for with was by this are be it as on at from or".split(" ");
const STOP_WORD_SHARE = 0.68;
const CHUNKS_PER_DOCUMENT = 20;
const DOCUMENTS_PER_CALL = 10;
const QUERIES = 200;
/** What a third of the documents pass, and what five do. */
const BROAD = { group: { $lt: 3 } };
const NARROW = { serial: { $in: [3, 1_003, 2_003, 3_003, 4_003] } };

/** Fills an index with text whose words follow Zipf's law over a vocabulary that grows as real text's does. Searches nothing. */
export async function buildScale(platform: Platform, size: number): Promise<number | null> {
  const index = `scale-${size}`;
  if ((await platform.stats(index)).chunks === size) return null;
  const next = numbers(7);
  const started = performance.now();
  for (let held = 0; held < size; held += CHUNKS_PER_DOCUMENT * DOCUMENTS_PER_CALL) {
    await platform.upsert(
      index,
      Array.from({ length: DOCUMENTS_PER_CALL }, (_, at) => aDocument(held / CHUNKS_PER_DOCUMENT + at, next)),
    );
  }
  const perSecond = (size / (performance.now() - started)) * 1_000;
  await platform.learn(index);
  return perSecond;
}

export async function measureScale(platform: Platform, size: number): Promise<{ row: ScaleRow; stages: StageRow }> {
  const index = `scale-${size}`;
  const next = numbers(11);
  const ingestPerSecond = (await buildScale(platform, size)) ?? 0;
  // No query is asked twice: the second time the index would know the answer.
  const asked = (count: number) => Array.from({ length: count }, () => ({ query: words(8, next).join(" "), topK: 10 }));
  const [cold] = await platform.search(index, asked(1));
  await platform.search(index, asked(20));
  const queries = asked(QUERIES);
  const warm = await platform.search(index, queries);
  const filtered = async (filter: Filter) => {
    const searches = await platform.search(
      index,
      queries.map((query) => ({ ...query, filter })),
    );
    return quantile(
      searches.map((search) => search.callMs),
      0.95,
    );
  };
  const stats = await platform.stats(index);
  const times = warm.map((search) => search.callMs);
  const row = {
    chunks: size,
    p50Ms: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    filteredP95Ms: await filtered(BROAD),
    narrowP95Ms: await filtered(NARROW),
    coldMs: cold?.callMs ?? 0,
    ingestPerSecond,
    storageMegabytes: stats.storageBytes / 2 ** 20,
    vectorMegabytes: stats.vectorBytes / 2 ** 20,
  };
  return { row, stages: { chunks: size, ...medians(warm.map((search) => search.timings)) } };
}

function medians(timings: readonly SearchTimings[]): SearchTimings {
  const of = (name: keyof SearchTimings) =>
    quantile(
      timings.map((timing) => timing[name]),
      0.5,
    );
  return {
    analyseMs: of("analyseMs"),
    keywordMs: of("keywordMs"),
    vectorMs: of("vectorMs"),
    rankMs: of("rankMs"),
    loadMs: of("loadMs"),
    totalMs: of("totalMs"),
  };
}

function aDocument(number: number, next: () => number): IndexDocument {
  return {
    documentId: `document-${number}`,
    title: words(4, next).join(" "),
    metadata: { group: number % 10, serial: number },
    chunks: Array.from({ length: CHUNKS_PER_DOCUMENT }, (_, at) => {
      const text = `${asProse(words(WORDS_PER_CHUNK, next), next).join(" ")}.`;
      return { chunkId: `chunk-${number}-${at}`, start: 0, end: text.length, text, headingPath: [] };
    }),
  };
}

function asProse(subject: readonly string[], next: () => number): string[] {
  return subject.flatMap((word) =>
    next() < STOP_WORD_SHARE ? [STOP_WORDS[Math.floor(next() * STOP_WORDS.length)] ?? "", word] : [word],
  );
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
