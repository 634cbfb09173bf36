import * as z from "zod";
import { isJsonObject } from "../domain/kernel/json.ts";

/** Empty and absent are the same: the setting is off. */
const optional = z
  .string()
  .optional()
  .transform((text) => (text === undefined || text.trim() === "" ? null : text.trim()));
const flag = optional.transform((text) => text === "1" || text === "true");
const url = optional.pipe(z.url({ protocol: /^https?$/ }).nullable());
const positive = optional.transform((text, context) => {
  if (text === null) return null;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  context.addIssue("needs a positive number");
  return z.NEVER;
});

const Variables = z.object({
  WEFT_ENVIRONMENT: z.enum(["local", "staging", "production"]),
  OPERATOR_TOKEN: z.string().min(32, "needs at least 32 characters"),
  /** Ed25519 private key as JWK (RFC 8037), or several as an array: the first signs, all verify. */
  TOKEN_SIGNING_KEY: z.string().transform(signingKeys),
  /** `version:base64` of at least 32 bytes; several, separated by commas: the first is used for new hashes. */
  PASSWORD_PEPPER: z.string().transform(versionedKeys),
  /** The same form; 32 bytes each. */
  ENCRYPTION_KEY: z.string().transform(versionedKeys),
  PUBLIC_URL: url,
  WEFT_ALLOW_LOOPBACK: flag,
  WEFT_TEST_FIXTURES: flag,
  WEFT_CHEAP_PASSWORDS: flag,
  OPENAI_API_KEY: optional,
  OPENAI_BASE_URL: url,
  ANTHROPIC_API_KEY: optional,
  SENTRY_DSN: url,
  STRIPE_SECRET_KEY: optional,
  STRIPE_WEBHOOK_SECRET: optional,
  STRIPE_API_BASE: url,
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: optional,
  WEBHOOK_RETRY_SCHEDULE: optional,
  RATE_LIMIT_PER_IP: positive,
  BREAKER_OPEN_SECONDS: positive,
  BILLING_FLUSH_SECONDS: positive,
  /** With the binding: embeddings of this length lie in Vectorize. */
  VECTORIZE_DIMENSIONS: positive.refine((value) => value === null || (Number.isInteger(value) && value <= 1_536), {
    error: "needs a whole number up to 1536",
  }),
  ERASURE_AFTER_DAYS: positive,
});
export type Config = z.infer<typeof Variables>;

const FOR_THE_LAPTOP = ["WEFT_ALLOW_LOOPBACK", "WEFT_TEST_FIXTURES", "WEFT_CHEAP_PASSWORDS"] as const;

export interface VersionedKey {
  version: string;
  bytes: Uint8Array<ArrayBuffer>;
}

const parsedConfigs = new WeakMap<Env, Config>();

/** The only reader of variables and secrets. Parsed when first needed. */
export function configOf(env: Env): Config {
  let config = parsedConfigs.get(env);
  if (config === undefined) {
    config = parsedConfig(env);
    parsedConfigs.set(env, config);
  }
  return config;
}

/** A wrong value stops with the name of the variable, never its value. */
export function parsedConfig(variables: unknown): Config {
  const result = Variables.safeParse(variables);
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`Configuration is not valid. ${faults.join("; ")}`);
  }
  const config = result.data;
  const homely = FOR_THE_LAPTOP.filter((name) => config[name]);
  if (config.WEFT_ENVIRONMENT !== "local" && homely.length > 0) {
    throw new Error(`For the laptop, and refused when deployed: ${homely.join(", ")}.`);
  }
  return config;
}

function signingKeys(text: string, context: z.RefinementCtx): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(text);
    const keys = Array.isArray(value) ? value : [value];
    const isUsable = (key: unknown) =>
      isJsonObject(key) && key.kty === "OKP" && key.crv === "Ed25519" && typeof key.d === "string";
    if (keys.length > 0 && keys.every(isUsable)) return keys as Record<string, unknown>[];
  } catch {
    // Unreadable and unusable are one fault to the operator.
  }
  context.addIssue("needs an Ed25519 private key as JWK");
  return z.NEVER;
}

function versionedKeys(text: string, context: z.RefinementCtx): VersionedKey[] {
  const keys = text.split(",").map((part) => {
    const [version = "", base64 = ""] = part.trim().split(":");
    return { version, bytes: new Uint8Array(Buffer.from(base64, "base64")) };
  });
  if (keys.every((key) => /^\w{1,16}$/.test(key.version) && key.bytes.byteLength >= 32)) return keys;
  context.addIssue("needs version:base64 with at least 32 bytes");
  return z.NEVER;
}
