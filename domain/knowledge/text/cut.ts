const GRAPHEMES = new Intl.Segmenter("und", { granularity: "grapheme" });

/** Long enough for any family of emoji; a longer cluster (stacked marks) is cut between its code points. */
const MAX_GRAPHEME = 64;

/** The best place at or before `limit` to end a piece that begins at `start`: after white space, else between graphemes. */
export function cutBefore(text: string, start: number, limit: number): number {
  if (limit >= text.length) return text.length;
  const half = start + (limit - start) / 2;
  for (let at = limit; at > half; at -= 1) {
    if (/\s/u.test(text.charAt(at - 1))) return at;
  }
  return graphemeBefore(text, start, limit);
}

function graphemeBefore(text: string, start: number, limit: number): number {
  const from = Math.max(start, limit - MAX_GRAPHEME);
  let boundary = start;
  for (const { index } of GRAPHEMES.segment(text.slice(from, limit + MAX_GRAPHEME))) {
    if (from + index > limit) break;
    boundary = from + index;
  }
  if (boundary > start) return boundary;
  const code = text.charCodeAt(limit);
  return code >= 0xdc00 && code <= 0xdfff && limit - 1 > start ? limit - 1 : limit;
}
