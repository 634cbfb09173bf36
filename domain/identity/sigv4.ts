import { hmacSha256Hex, secretEquals, sha256Hex } from "../kernel/digest.ts";
import { MINUTE_MS } from "../kernel/time.ts";

// AWS Signature Version 4, as a service checks it: header form, the whole body signed.
//   V1  host, the date and every x-amz-* header that is present must be signed; the body is hashed here, not taken on trust.
//   V2  a signature lives for MAX_SKEW_MS around its date; the credential's date is the day of that date.
//   V3  signatures are compared in constant time.

export interface SignedRequest {
  method: string;
  /** As it was sent, still encoded. */
  path: string;
  /** Without the question mark, still encoded. */
  query: string;
  headers: ReadonlyMap<string, string>;
  body: Uint8Array;
}

export interface SignatureClaim {
  accessKeyId: string;
  /** `20260131` */
  day: string;
  region: string;
  service: string;
  signedHeaders: readonly string[];
  signature: string;
}

export type SignatureRefusal = "incomplete" | "expired" | "wrong";

const ALGORITHM = "AWS4-HMAC-SHA256";
// AWS: a request's date may be five minutes off.
const MAX_SKEW_MS = 5 * MINUTE_MS;

export function isSignatureHeader(authorization: string): boolean {
  return authorization.startsWith("AWS4-");
}

/** What the header `Authorization` claims; `null` where it is not whole. */
export function readSignatureClaim(authorization: string): SignatureClaim | null {
  const [, parameters] = /^AWS4-HMAC-SHA256 +(.+)$/.exec(authorization) ?? [];
  if (parameters === undefined) return null;
  const members = new Map(parameters.split(",").map((part) => nameAndValue(part)));
  const [accessKeyId, day, region, service, end, ...rest] = (members.get("Credential") ?? "").split("/");
  const signedHeaders = (members.get("SignedHeaders") ?? "").split(";").filter((name) => name !== "");
  const signature = members.get("Signature") ?? "";
  if (!accessKeyId || !day || !region || !service || end !== "aws4_request" || rest.length > 0) return null;
  if (signedHeaders.length === 0 || signature === "") return null;
  return { accessKeyId, day, region, service, signedHeaders, signature };
}

/** Why the request is not what the holder of one of the secrets signed; `null` when it is. */
export function signatureRefusal(
  request: SignedRequest,
  claim: SignatureClaim,
  secrets: readonly string[],
  now: number,
): SignatureRefusal | null {
  const { headers } = request;
  const date = headers.get("x-amz-date") ?? "";
  const time = timeOf(date);
  if (time === null || !signsWhatItMust(headers, claim)) return "incomplete";
  if (Math.abs(now - time) > MAX_SKEW_MS || !date.startsWith(claim.day)) return "expired";
  const payload = sha256Hex(request.body);
  const claimedPayload = headers.get("x-amz-content-sha256");
  if (claimedPayload !== undefined && claimedPayload.toLowerCase() !== payload) return "wrong";
  const text = textToSign(request, claim, date, payload);
  const isSigned = secrets.some((secret) => secretEquals(signatureOf(secret, claim, text), claim.signature));
  return isSigned ? null : "wrong";
}

function nameAndValue(part: string): [string, string] {
  const at = part.indexOf("=");
  return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
}

/** `20260131T235959Z` */
function timeOf(date: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}

function signsWhatItMust(headers: ReadonlyMap<string, string>, { signedHeaders }: SignatureClaim): boolean {
  const signed = new Set(signedHeaders);
  const must = ["host", ...[...headers.keys()].filter((name) => name.startsWith("x-amz-"))];
  return must.every((name) => signed.has(name)) && signedHeaders.every((name) => headers.has(name));
}

function textToSign(request: SignedRequest, claim: SignatureClaim, date: string, payload: string): string {
  const { signedHeaders, day, region, service } = claim;
  const canonicalRequest = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${trimmed(request.headers.get(name) ?? "")}`),
    "",
    signedHeaders.join(";"),
    payload,
  ].join("\n");
  return [ALGORITHM, date, `${day}/${region}/${service}/aws4_request`, sha256Hex(canonicalRequest)].join("\n");
}

function signatureOf(secret: string, { day, region, service }: SignatureClaim, text: string): string {
  const key = [day, region, service, "aws4_request"].reduce<string | Uint8Array>(
    (previous, part) => Buffer.from(hmacSha256Hex(previous, part), "hex"),
    `AWS4${secret}`,
  );
  return hmacSha256Hex(key, text);
}

/** Every service but S3 signs the encoded path encoded once more. */
function canonicalPath(path: string): string {
  return path.split("/").map(encoded).join("/");
}

function canonicalQuery(query: string): string {
  if (query === "") return "";
  const pairs = query.split("&").map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [reencoded(name), reencoded(value.join("="))] as const;
  });
  return pairs
    .toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function reencoded(text: string): string {
  try {
    return encoded(decodeURIComponent(text));
  } catch {
    return encoded(text);
  }
}

/** RFC 3986: all but the unreserved characters. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function trimmed(value: string): string {
  return value.trim().replace(/ +/g, " ");
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
