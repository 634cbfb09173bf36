/**
 * The text of bytes, or `null` when they are none: in the encoding of the byte order mark, else the declared one, else UTF-8,
 * else windows-1252, which is what files without a declaration that are not UTF-8 nearly always are.
 */
export function decodedText(source: Uint8Array, declared: string | null): string | null {
  const charset = byteOrderMark(source) ?? declared;
  if (charset !== null) return decoded(source, charset);
  return decoded(source, "utf-8") ?? textOnly(decoded(source, "windows-1252"));
}

/** The `charset` of a content type. */
export function declaredCharset(contentType: string): string | null {
  return /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1] ?? null;
}

/** Whether there is a character that no text holds: binary data that happens to decode. */
export function hasControlCharacters(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f]/.test(text);
}

function byteOrderMark([first, second, third]: Uint8Array): string | null {
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return null;
}

function decoded(source: Uint8Array, charset: string): string | null {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: false }).decode(source);
  } catch {
    return null;
  }
}

function textOnly(text: string | null): string | null {
  return text === null || hasControlCharacters(text) ? null : text;
}
