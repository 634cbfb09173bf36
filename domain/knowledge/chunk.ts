import * as z from "zod";

/** A piece of a document. `text` is exactly `source.slice(start, end)` of the stored text, in UTF-16 units. */
export const Chunk = z
  .strictObject({
    id: z.string().describe("Starts with chk_."),
    start: z.int().nonnegative(),
    end: z.int().nonnegative(),
    text: z.string(),
    headingPath: z.array(z.string()),
    tokens: z.int().nonnegative().describe("Estimated."),
  })
  .meta({ id: "Chunk" });
export type Chunk = z.infer<typeof Chunk>;

/** The text that is embedded: the chunk below the headings and the table's head that it stands under, which are never cited. */
export function contextualText(
  title: string,
  { headingPath, tableHead, text }: { headingPath: readonly string[]; tableHead?: string; text: string },
): string {
  const context = [title, ...headingPath].filter((part) => part.length > 0).join(" > ");
  const body = tableHead === undefined ? text : `${tableHead}\n${text}`;
  return context.length > 0 ? `${context}\n\n${body}` : body;
}
