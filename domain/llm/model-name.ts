export interface ModelName {
  provider: string;
  /** As the provider knows it; may hold slashes of its own. */
  model: string;
}

/** Names stand in headers of answers, which no control character may (RFC 9110 section 5.5). */
const CONTROL = /\p{Cc}/u;

/** Splits `provider/model` at the first slash; `null` for a name without one, which is that of a model route. */
export function parseModelName(name: string): ModelName | null {
  const slash = name.indexOf("/");
  if (slash <= 0 || slash === name.length - 1 || CONTROL.test(name)) return null;
  return { provider: name.slice(0, slash), model: name.slice(slash + 1) };
}
