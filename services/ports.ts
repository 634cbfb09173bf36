/** Encrypts what must rest readable only to the platform: provider keys, webhook secrets. */
export interface SecretBox {
  /** Bound to `context`, so that a sealed value moved to another row does not open. */
  seal(plain: string, context: string): Promise<string>;
  open(sealed: string, context: string): Promise<string>;
  /** The same with a key of its own, 32 bytes. */
  withKey(key: Uint8Array<ArrayBuffer>): SecretBox;
}

export interface OutboundRequest {
  url: string;
  method: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array<ArrayBuffer> | null;
  timeoutMs: number;
  /** Longest body that is read, in bytes; beyond it the call fails. Streams are not bounded. */
  maxBytes?: number;
  signal?: AbortSignal;
}

export interface OutboundResponse {
  status: number;
  headers: Headers;
  /** Reads the whole body, within the request's bound. */
  text(): Promise<string>;
  stream: ReadableStream<Uint8Array> | null;
}

/** The only way out: judges the target (no private, loopback or metadata address), bounds time and size, follows no redirect. */
export interface Outbound {
  /** Throws the problem `forbidden-target` for an address that may not be called, `unavailable` when it cannot be reached in time. */
  fetch(request: OutboundRequest): Promise<OutboundResponse>;
  /** Refuses, with the reason, an address that may not be called. For checks when a target is saved. */
  judge(url: string): { allowed: true } | { allowed: false; reason: string };
}

/** Where defects are reported. */
export interface ErrorTracker {
  capture(error: unknown, context: Readonly<Record<string, unknown>>): void;
}
