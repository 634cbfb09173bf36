import { readFile } from "node:fs/promises";
import path from "node:path";
import type { IndexDocument } from "../../../domain/knowledge/index-contract.ts";
import { DEFAULT_CHUNKING } from "../../../domain/knowledge/knowledge-base.ts";
import { chunks } from "../../../domain/knowledge/text/chunks.ts";
import { normalisedText } from "../../../domain/knowledge/text/normalise.ts";
import { structure } from "../../../domain/knowledge/text/structure.ts";

export interface SourceText {
  readonly id: string;
  readonly text: string;
}

export interface Question {
  readonly id: string;
  readonly text: string;
  /** The one document that answers it, and where. */
  readonly documentId: string;
  readonly start: number;
  readonly end: number;
}

export interface Collection {
  readonly documents: readonly SourceText[];
  readonly questions: readonly Question[];
}

const DATA = path.join(import.meta.dirname, "data/xquad");

/** Each paragraph is a document. */
export async function paragraphs(language: string): Promise<Collection> {
  const corpus = await rows<{ _id: string; text: string }>(language, "corpus.jsonl");
  const queries = await rows<{ _id: string; text: string }>(language, "queries.jsonl");
  const spans = await rows<{ "query-id": string; "corpus-id": string; start: number; end: number }>(
    language,
    "spans.jsonl",
  );
  const spanOf = new Map(spans.map((span) => [span["query-id"], span]));
  return {
    documents: corpus.map(({ _id, text }) => ({ id: _id, text })),
    questions: queries.map(({ _id, text }) => {
      const span = spanOf.get(_id);
      if (span === undefined) throw new Error(`question ${_id} has no answer span`);
      return { id: _id, text, documentId: span["corpus-id"], start: span.start, end: span.end };
    }),
  };
}

/** The paragraphs of one article joined: long documents, whose chunks must hold the answer. */
export function articles(collection: Collection): Collection {
  const texts = new Map<string, string>();
  const offsets = new Map<string, number>();
  for (const { id, text } of collection.documents) {
    const before = texts.get(articleOf(id));
    offsets.set(id, before === undefined ? 0 : before.length + 2);
    texts.set(articleOf(id), before === undefined ? text : `${before}\n\n${text}`);
  }
  return {
    documents: [...texts].map(([id, text]) => ({ id, text })),
    questions: collection.questions.map((question) => {
      const shift = offsets.get(question.documentId) ?? 0;
      const [start, end] = [question.start + shift, question.end + shift];
      return { ...question, documentId: articleOf(question.documentId), start, end };
    }),
  };
}

/** Through the same steps as an upload: normalise, read the structure, cut. */
export function indexed(documents: readonly SourceText[]): IndexDocument[] {
  return documents.map(({ id, text: raw }) => {
    const text = normalisedText(raw);
    const pieces = chunks(text, structure(text, "plain"), DEFAULT_CHUNKING);
    return {
      documentId: id,
      title: id,
      metadata: {},
      chunks: pieces.map(({ start, end, text: slice, headingPath }, index) => ({
        chunkId: `${id}#${index}`,
        start,
        end,
        text: slice,
        headingPath,
      })),
    };
  });
}

/** "x-03-02" is the second paragraph of article "x-03". */
function articleOf(paragraphId: string): string {
  return paragraphId.slice(0, paragraphId.lastIndexOf("-"));
}

/** Every second article: what the index of the abstention and answer measurements holds. "x-07-02" is of article 7. */
export function isHeld(paragraphId: string): boolean {
  return Number(paragraphId.split("-")[1]) % 2 === 0;
}

async function rows<T>(language: string, file: string): Promise<T[]> {
  const text = await readFile(path.join(DATA, language, file), "utf8");
  return text
    .split("\n")
    .filter((line) => line.length > 0)
    .map((line) => JSON.parse(line) as T);
}
