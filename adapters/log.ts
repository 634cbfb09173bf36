import type { Log, LogFields } from "../services/context.ts";

const SECRET_KEY = /pass(word)?|secret|token|authorization|cookie|api[-_]?key|credential/i;
const SECRET_VALUE =
  /weft_(?:live|test)_\w+|\b(?:rt|ev|pr|in|ch|st|rs)_[\w-]{20,}|eyJ[\w-]+\.[\w-]+\.[\w-]+|sk-[\w-]{16,}|whsec_[\w+/=]+/g;
// A statement that failed is told by drizzle with all that it was given: addresses, digests, what users wrote.
const STATEMENT_VALUES = /\nparams: [\s\S]*?(?=\n {4}at |$)/;
const MAX_DEPTH = 6;

export interface LogOptions {
  /** Takes a line, or several with line feeds between them. */
  write?(text: string): void;
  /**
   * The log is a text, as of a laptop, to which many lines are written at once. Where it is a list of records, as of Workers Logs, each
   * line is written by itself.
   */
  isText?: boolean;
}

/** One JSON line a record, to the runtime's log. */
export function consoleLog({ write = (text) => console.log(text), isText = false }: LogOptions = {}): Log {
  const emit = (level: string, event: string, fields: LogFields = {}) => write(line(level, event, fields, new Date()));
  return {
    info: (event, fields) => emit("info", event, fields),
    warn: (event, fields) => emit("warn", event, fields),
    error: (event, error, fields) => emit("error", event, { ...fields, error: described(error) }),
    past(event, records) {
      const lines = records.map(({ at, ...fields }) => line("info", event, fields, new Date(at)));
      if (isText) write(lines.join("\n"));
      else for (const one of lines) write(one);
    },
  };
}

function line(level: string, event: string, fields: LogFields, at: Date): string {
  return JSON.stringify({ at: at.toISOString(), level, event, ...(redacted(fields, 0) as object) });
}

/** The text without what may not leave the platform. */
export function masked(text: string): string {
  return text.replace(STATEMENT_VALUES, "\nparams: [redacted]").replaceAll(SECRET_VALUE, "[redacted]");
}

/** Masks members whose name tells a secret, and what looks like one inside any text. */
export function redacted(value: unknown, depth: number): unknown {
  if (typeof value === "string") return masked(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === MAX_DEPTH) return "[deep]";
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET_KEY.test(key) && typeof item === "string" ? "[redacted]" : redacted(item, depth + 1),
    ]),
  );
}

function described(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && { cause: described(error.cause) }),
  };
}
