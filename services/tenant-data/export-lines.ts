import * as z from "zod";
import type { ServiceContext } from "../context.ts";
import { jobFolder } from "../jobs/job-files.ts";
import { ALL_ROWS } from "./all-rows.ts";

/** What was written last: the row of a kind, or a file. */
export const Position = z.object({ kind: z.string(), key: z.array(z.union([z.string(), z.number()])) });
export type Position = z.infer<typeof Position>;

export interface Piece {
  lines: string[];
  position: Position;
}

const ROWS_AT_ONCE = 500;
const FILES_AT_ONCE = 100;
// Bytes of a file in one line; a multiple of three, so that the pieces' base64 joins to that of the file.
const FILE_PIECE_BYTES = 1_500_000;
const FILE = "file";

/** All that the tenant has, in a fixed order, from a position on. */
export async function* exportLines(ctx: ServiceContext, jobId: string, from: Position | null): AsyncGenerator<Piece> {
  const tables = ALL_ROWS.filter(({ page }) => page !== null);
  const first =
    from === null ? 0 : from.kind === FILE ? tables.length : tables.findIndex(({ name }) => name === from.kind);
  for (const { name, page } of tables.slice(first)) {
    let key = from?.kind === name ? from.key : null;
    for (;;) {
      const rows = (await page?.(ctx, key, ROWS_AT_ONCE)) ?? [];
      for (const row of rows) {
        yield { lines: [line(name, row.value)], position: { kind: name, key: row.key } };
      }
      key = rows.at(-1)?.key ?? null;
      if (rows.length < ROWS_AT_ONCE) break;
    }
  }
  yield* fileLines(ctx, jobId, from?.kind === FILE ? String(from.key[0]) : "");
}

/** Files in pieces: documents as they came and their texts, archived runs, stored objects, anchors of the audit log. */
async function* fileLines(ctx: ServiceContext, jobId: string, from: string): AsyncGenerator<Piece> {
  const root = `${ctx.tenant.id}/`;
  const { files } = ctx.ports;
  for (let after = from; ; ) {
    const page = await files.entries(root, { after, limit: FILES_AT_ONCE });
    for (const { key, uploadedAt } of page) {
      after = key;
      // Neither itself nor what other jobs left for a week.
      if (key.startsWith(jobFolder(ctx.tenant.id, jobId)) || key.startsWith(`${root}jobs/`)) continue;
      const bytes = await files.bytes(key);
      if (bytes === null) continue;
      const path = key.slice(root.length);
      const lines: string[] = [];
      for (let at = 0; at === 0 || at < bytes.byteLength; at += FILE_PIECE_BYTES) {
        const piece = Buffer.from(bytes.subarray(at, at + FILE_PIECE_BYTES)).toString("base64");
        lines.push(
          line(FILE, {
            path,
            uploadedAt: new Date(uploadedAt).toISOString(),
            bytes: bytes.byteLength,
            at,
            base64: piece,
          }),
        );
      }
      yield { lines, position: { kind: FILE, key: [key] } };
    }
    if (page.length < FILES_AT_ONCE) return;
  }
}

function line(kind: string, data: Record<string, unknown>): string {
  return JSON.stringify({ kind, data });
}
