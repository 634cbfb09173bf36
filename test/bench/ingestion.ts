import { batchesOf } from "../../domain/kernel/batches.ts";
import { processorMs, type Row } from "./measure.ts";
import type { BenchPlatform } from "./platform.ts";

const suite = "ingestion";
const CALLERS = [1, 8, 16];
const DOCUMENTS = 300;
// Code that runs for the first time is not compiled yet.
const WARM_UP = 150;
const WORDS = 200;
const VOCABULARY = 5_000;
const SYLLABLES = ["ba", "den", "fi", "gor", "hu", "kel", "mi", "nor", "sa", "tur"];
/** Enough to see the end within a hundredth of a round, too seldom to weigh on it. */
const POLL_MS = 100;

/** Documents of 200 words sent over HTTP by so many callers, until all of them are found by searches. */
export async function ingestionRows(platform: BenchPlatform): Promise<Row[]> {
  await ingested(platform, 8, WARM_UP);
  const rows: Row[] = [];
  for (const callers of CALLERS) {
    const { takenInMs, indexedMs, processor } = await ingested(platform, callers, DOCUMENTS);
    const name = `documents of ${WORDS} words, ${callers} at a time`;
    rows.push(
      { suite, name: `${name}, taken in`, value: (DOCUMENTS * 1_000) / takenInMs, unit: "1/s" },
      { suite, name: `${name}, indexed`, value: (DOCUMENTS * 1_000) / indexedMs, unit: "1/s" },
      { suite, name: `${name}, processor time each`, value: processor / DOCUMENTS, unit: "ms" },
    );
  }
  return rows;
}

interface Ingested {
  /** Until the last was answered 202. */
  takenInMs: number;
  /** Until the last was indexed. */
  indexedMs: number;
  /** What the runtime took of a core meanwhile, in milliseconds. */
  processor: number;
}

async function ingested(platform: BenchPlatform, callers: number, count: number): Promise<Ingested> {
  const { id } = await platform.call<{ id: string }>("POST", "/v1/knowledge-bases", { name: "Bench" });
  const processorBefore = processorMs(platform.pid());
  const startedAt = performance.now();
  const numbers = Array.from({ length: count }, (_, number) => number).values();
  const caller = async () => {
    for (const number of numbers) {
      const document = { title: `Note ${number}`, text: aText(number) };
      await platform.call("POST", `/v1/knowledge-bases/${id}/documents`, document);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const takenInMs = performance.now() - startedAt;
  await allIndexed(platform, id, count);
  const indexedMs = performance.now() - startedAt;
  return { takenInMs, indexedMs, processor: processorMs(platform.pid()) - processorBefore };
}

/** Each document is one chunk, and counts once it is indexed. */
async function allIndexed(platform: BenchPlatform, id: string, count: number): Promise<void> {
  for (;;) {
    const { chunks } = await platform.call<{ chunks: number }>("GET", `/v1/knowledge-bases/${id}`);
    if (chunks >= count) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Words of a vocabulary in an order of its own, some of them rare, as in a text that somebody wrote. */
function aText(number: number): string {
  let state = number + 1;
  const words = Array.from({ length: WORDS }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return aWord(Math.floor(VOCABULARY * (state / 2_147_483_647) ** 3));
  });
  const sentences = batchesOf(words, 20).map((sentence) => `${sentence.join(" ")}.`);
  return sentences.join("\n\n");
}

function aWord(rank: number): string {
  return Array.from(String(rank), (digit) => SYLLABLES[Number(digit)]).join("");
}
