import * as z from "zod";

/** An origin as browsers send it: scheme, host and port, nothing after. `null` and wildcards are none. */
export const Origin = z
  .string()
  .max(300)
  .refine(isOrigin, {
    error: "must be an exact origin like https://app.example.com, http only for 127.0.0.1 and localhost",
  })
  .meta({ id: "Origin", example: "https://app.example.com" });
export type Origin = z.infer<typeof Origin>;

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.origin !== text || !/^[a-z0-9.-]+$|^\[[0-9a-f:]+\]$/.test(url.hostname)) return false;
  const isLocal = url.hostname === "127.0.0.1" || url.hostname === "localhost";
  return url.protocol === "https:" || (url.protocol === "http:" && isLocal);
}
