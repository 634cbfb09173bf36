import { quantile, type Row, timeEach } from "./measure.ts";
import type { BenchPlatform } from "./platform.ts";

const suite = "knowledge";
const DOCUMENTS = 100;
const PARAGRAPHS = 44;
const SUBJECTS = [
  "leave",
  "travel",
  "security",
  "pension",
  "on-call",
  "hiring",
  "expenses",
  "devices",
  "training",
  "privacy",
];

interface Base {
  id: string;
  chunks: number;
}

/** Hybrid search over about a thousand chunks, over HTTP, embedding included. */
export async function searchRows(platform: BenchPlatform): Promise<Row[]> {
  const base = await platform.call<Base>("POST", "/v1/knowledge-bases", {
    name: "Bench",
    chunking: { maxTokens: 128, overlapTokens: 32 },
  });
  const startedAt = performance.now();
  for (let i = 0; i < DOCUMENTS; i++) {
    await platform.call("POST", `/v1/knowledge-bases/${base.id}/documents`, {
      title: `Handbook ${i}`,
      text: aDocument(i),
    });
  }
  const chunks = await indexed(platform, base.id);
  const indexedMs = performance.now() - startedAt;
  let i = 0;
  const search = () => {
    const subject = SUBJECTS[i++ % SUBJECTS.length];
    return platform.call("POST", `/v1/knowledge-bases/${base.id}/search`, {
      query: `What does rule ${i} say about ${subject}?`,
      topK: 5,
    });
  };
  const times = await timeEach(100, search, 10);
  return [
    { suite, name: `hybrid search over ${chunks} chunks, p50`, value: quantile(times, 0.5), unit: "ms" },
    { suite, name: `hybrid search over ${chunks} chunks, p95`, value: quantile(times, 0.95), unit: "ms" },
    { suite, name: "upload to searchable, per document", value: indexedMs / DOCUMENTS, unit: "ms" },
  ];
}

async function indexed(platform: BenchPlatform, id: string): Promise<number> {
  for (;;) {
    const { data } = await platform.call<{ data: { status: string }[] }>(
      "GET",
      `/v1/knowledge-bases/${id}/documents?limit=100`,
    );
    if (data.every((document) => document.status === "indexed")) break;
    if (data.some((document) => document.status === "failed")) throw new Error("a bench document failed");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return (await platform.call<Base>("GET", `/v1/knowledge-bases/${id}`)).chunks;
}

function aDocument(number: number): string {
  return Array.from({ length: PARAGRAPHS }, (_, i) => {
    const subject = SUBJECTS[(number + i) % SUBJECTS.length];
    return `Rule ${number * PARAGRAPHS + i} of the handbook is about ${subject}. It holds for everyone who joined before year ${1980 + ((number * 7 + i) % 45)} and allows ${(number * 13 + i * 7) % 90} days, unless the ${subject} committee decides otherwise in writing.`;
  }).join("\n\n");
}
