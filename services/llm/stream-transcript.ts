/** A longer answer is not kept for later calls, so there is no need to remember it. */
const MAX_BYTES = 1_048_576;

/** What a stream said, for the cache: pieces as they passed, joined only when all was said. */
export interface StreamTranscript {
  add(bytes: Uint8Array): void;
  /** `null` when it was too long to remember. */
  text(): string | null;
}

export function streamTranscript(): StreamTranscript {
  let parts: Uint8Array[] = [];
  let size = 0;
  return {
    add(bytes) {
      size += bytes.byteLength;
      if (size <= MAX_BYTES) parts.push(bytes);
      else parts = [];
    },
    text() {
      if (size > MAX_BYTES) return null;
      return new TextDecoder().decode(Buffer.concat(parts));
    },
  };
}
