// Measures retrieval: quality on XQuAD beside FTS5, Orama and MiniSearch, abstention, and latency by size.
//   node test/bench/retrieval/run.ts [--languages en,zh,ru,ar] [--sizes 1000,10000] [--no-scale] [--state FOLDER [--build]]
// `--languages ""` measures scale alone. With a folder for its state, `--build` fills the large indexes for later runs to measure.
// Ends with an error when a gate is missed, so that a change that costs quality cannot go unseen.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { measureAbstention } from "./abstention.ts";
import { measureAnswers } from "./answers.ts";
import { articles, type Collection, indexed, paragraphs } from "./collection.ts";
import { peersOver } from "./peers.ts";
import { type Platform, startPlatform } from "./platform.ts";
import { type Hit, type Quality, quality } from "./quality.ts";
import { buildScale, measureScale, type ScaleRow, type StageRow } from "./scale.ts";
import { table } from "./table.ts";

const GATES = { success5: { en: 0.97, other: 0.96 }, span5: 0.96 };

const { values } = parseArgs({
  options: {
    languages: { type: "string", default: "en,zh,ru,ar" },
    sizes: { type: "string", default: "1000,10000" },
    "no-scale": { type: "boolean", default: false },
    state: { type: "string" },
    build: { type: "boolean", default: false },
  },
});

interface QualityRow extends Quality {
  readonly language: string;
  readonly system: string;
}

const sizes = values["no-scale"] ? [] : values.sizes.split(",").map(Number);
const platform = await startPlatform(values.state);
try {
  if (values.build) await build(sizes);
  else await measure();
} finally {
  await platform.stop();
}

async function build(missing: readonly number[]): Promise<void> {
  for (const size of missing) {
    const perSecond = await buildScale(platform, size);
    console.log(perSecond === null ? `${size} chunks are there` : `${size} chunks, ${perSecond.toFixed(0)} a second`);
  }
}

async function measure(): Promise<void> {
  const rows: QualityRow[] = [];
  const abstentions: Record<string, string | number>[] = [];
  for (const language of values.languages.split(",").filter((name) => name !== "")) {
    const collection = await paragraphs(language);
    rows.push(...(await qualityOf(platform, language, collection)));
    abstentions.push({
      language,
      ...(await measureAbstention(platform, `${language}-half`, collection)),
      ...(await measureAnswers(platform, `${language}-half`, collection)),
    });
  }
  if (rows.length > 0)
    console.log(
      `\nQuality on XQuAD: paragraphs as documents; span5 on whole articles in chunks of 512/128\n\n${table(rows.map((row) => ({ ...row })))}`,
    );
  if (rows.length > 0)
    console.log(`\nAbstention at score .5, and answers of local/extractive\n\n${table(abstentions)}`);
  const scale: ScaleRow[] = [];
  const stages: StageRow[] = [];
  for (const size of sizes) {
    const measured = await measureScale(platform, size);
    scale.push(measured.row);
    stages.push(measured.stages);
  }
  if (scale.length > 0) {
    console.log(`\nLatency of a whole search, called from the Worker\n\n${table(scale.map((row) => ({ ...row })))}`);
    console.log(`\nIts stages, medians\n\n${table(stages.map((row) => ({ ...row })))}`);
  }
  await save({ rows, abstentions, scale, stages });
  const missed = rows.filter((row) => row.system === "Weft" && !passes(row));
  for (const row of missed)
    console.error(`\nGate missed: ${row.language} success@5 ${row.success5} span@5 ${row.span5}`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

async function qualityOf(weft: Platform, language: string, collection: Collection): Promise<QualityRow[]> {
  const whole = articles(collection);
  const [short, long] = [indexed(collection.documents), indexed(whole.documents)];
  await weft.upsert(`${language}-paragraphs`, short);
  await weft.upsert(`${language}-articles`, long);
  const ours = async (index: string, topK: number): Promise<Hit[][]> => {
    const searches = await weft.search(
      index,
      collection.questions.map((question) => ({ query: question.text, topK })),
    );
    return searches.map((search) => search.results);
  };
  const combined = (system: string, onParagraphs: Hit[][], onArticles: Hit[][]): QualityRow => ({
    language,
    system,
    ...quality(collection.questions, onParagraphs),
    span5: quality(whole.questions, onArticles).span5,
  });

  const rows = [combined("Weft", await ours(`${language}-paragraphs`, 10), await ours(`${language}-articles`, 5))];
  const [shortPeers, longPeers] = [await peersOver(short, language), await peersOver(long, language)];
  for (const [at, peer] of shortPeers.entries()) {
    const rankedBy = (other = peer, topK = 10) =>
      Promise.all(collection.questions.map((question) => other.rank(question.text, topK)));
    rows.push(combined(peer.name, await rankedBy(), await rankedBy(longPeers[at], 5)));
  }
  return rows;
}

function passes(row: QualityRow): boolean {
  const least = row.language === "en" ? GATES.success5.en : GATES.success5.other;
  return row.success5 >= least && row.span5 >= GATES.span5;
}

async function save(results: object): Promise<void> {
  const folder = path.join(import.meta.dirname, "../results");
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "retrieval.json"), `${JSON.stringify(results, null, 2)}\n`);
}
