/** Largest source as it comes: an isolate holds it, its text and its chunks at once. */
export const MAX_SOURCE_BYTES = 16 * 1_048_576;
