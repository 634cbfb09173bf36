import { describe, expect, it } from "vitest";
import { boundedText } from "../../adapters/outbound/bounded-text.ts";

// In the runtime, whose readers fill what they are given; what Node's do is covered by test/unit/outbound/safe-fetch.test.ts.

const tooLarge = () => new Error("too large");
const encoder = new TextEncoder();

/** A body of the runtime, as an answer has it, that comes in pieces. */
function body(text: string, pieceBytes: number, end: "close" | "abort" = "close") {
  const { readable, writable } = new IdentityTransformStream();
  const bytes = encoder.encode(text);
  const written = (async () => {
    const writer = writable.getWriter();
    for (let at = 0; at < bytes.length; at += pieceBytes) await writer.write(bytes.slice(at, at + pieceBytes));
    if (end === "close") await writer.close();
    else await writer.abort(new Error("broken off"));
  })();
  return { readable, written: written.catch((error: unknown) => error) };
}

describe("the text of a body", () => {
  // Around the bytes of one read and of two, in characters of one, two, three and four bytes.
  const texts = [0, 1, 16_383, 16_384, 16_385, 32_768, 50_000].map((length) => "x".repeat(length));
  texts.push("ж".repeat(9_000), `x${"語".repeat(11_000)}`, `xyz${"🌍".repeat(9_000)}`);

  it.each([7_001, 16_384, 1_000_000])("is whole however it comes: %i bytes at a time", async (pieceBytes) => {
    for (const text of texts) {
      expect(await boundedText(body(text, pieceBytes).readable, 1_000_000, tooLarge)).toBe(text);
    }
  });

  it("is its own, when many are read at a time", async () => {
    const wanted = Array.from({ length: 30 }, (_, n) => `${n} `.repeat(1 + n * 300));
    const read = wanted.map((text) => boundedText(body(text, 999).readable, 1_000_000, tooLarge));
    expect(await Promise.all(read)).toEqual(wanted);
  });

  it("may have as many bytes as it may, and not one more", async () => {
    const text = "é".repeat(10_000);
    expect(await boundedText(body(text, 5_000).readable, 20_000, tooLarge)).toBe(text);
    await expect(boundedText(body(text, 5_000).readable, 19_999, tooLarge)).rejects.toThrow("too large");
  });

  it("is not read further once it is too large", async () => {
    let made = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        made++;
        controller.enqueue(new Uint8Array(1_000));
      },
    });
    await expect(boundedText(endless, 5_000, tooLarge)).rejects.toThrow("too large");
    expect(made).toBeLessThan(10);
  });

  it("fails when the body breaks off", async () => {
    const { readable, written } = body("x".repeat(20_000), 1_000, "abort");
    await expect(boundedText(readable, 1_000_000, tooLarge)).rejects.toThrow("broken off");
    await written;
  });
});
