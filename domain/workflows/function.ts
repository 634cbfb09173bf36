import * as z from "zod";

/** AWS: a function's name has 1 to 64 letters, digits, dashes and underscores. */
export const FunctionName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "has 1 to 64 letters, digits, dashes and underscores")
  .meta({ example: "score-draft" });

// AWS: a Lambda function runs 15 minutes at most.
const MAX_TIMEOUT_SECONDS = 900;
const DEFAULT_TIMEOUT_SECONDS = 60;
const MAX_HEADERS = 32;

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, "is not a header's name (RFC 9110 5.1)");
const headerValue = z
  .string()
  .max(4_096)
  .regex(/^[ -~]*$/, "has more than visible ASCII and spaces");

export const PutFunction = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).max(2_048),
    headers: z
      .record(headerName, headerValue)
      .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, `has at most ${MAX_HEADERS} headers`)
      .optional()
      .describe("Sent with every call. Kept encrypted, values never returned. Absent keeps the stored ones."),
    timeoutSeconds: z.int().min(1).max(MAX_TIMEOUT_SECONDS).default(DEFAULT_TIMEOUT_SECONDS),
    secret: z
      .string()
      .min(8)
      .max(256)
      .refine((secret) => !secret.startsWith("whsec_") || isBase64(secret.slice("whsec_".length)), {
        error: "has after whsec_ no base64",
      })
      .nullable()
      .optional()
      .describe("Signs every call (Standard Webhooks). Never returned. Absent keeps the stored one, null removes it."),
  })
  .meta({
    id: "PutFunction",
    example: { url: "https://functions.example.com/score", headers: { "x-team": "content" }, timeoutSeconds: 30 },
  });
export type PutFunction = z.infer<typeof PutFunction>;

export const NamedFunction = z
  .object({
    name: FunctionName,
    url: z.string(),
    headerNames: z.array(z.string()),
    hasSecret: z.boolean(),
    timeoutSeconds: z.int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "Function", description: "A named HTTPS endpoint that Task states call" });
export type NamedFunction = z.infer<typeof NamedFunction>;

/** `NAME` and `NAME:ALIAS`, full and partial ARNs (AWS: Invoke, FunctionName); the qualifier is taken and means nothing here. */
export function functionNameOf(text: string): string | null {
  const [, name] =
    /^(?:arn:[a-z-]+:lambda:[^:]*:[^:]*:function:|\d{12}:function:|function:)?([A-Za-z0-9_-]{1,64})(?::[A-Za-z0-9$_-]+)?$/.exec(
      text,
    ) ?? [];
  return name ?? null;
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0;
}
