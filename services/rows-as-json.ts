// A D1 statement takes 100 bound values, so many rows travel as one: a JSON array for json_each(). A value may have 2 MB, and a
// character up to three bytes.
const MAX_CHARACTERS = 500_000;

/** The rows as JSON arrays, each small enough for one bound value as long as every row by itself is. */
export function rowsAsJson(rows: readonly object[]): string[] {
  const arrays: string[] = [];
  let texts: string[] = [];
  let characters = 0;
  const flush = () => {
    if (texts.length > 0) arrays.push(`[${texts.join(",")}]`);
    texts = [];
    characters = 0;
  };
  for (const row of rows) {
    const text = JSON.stringify(row);
    if (characters + text.length > MAX_CHARACTERS) flush();
    texts.push(text);
    characters += text.length;
  }
  flush();
  return arrays;
}
