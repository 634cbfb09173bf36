import type { Context } from "hono";
import { isSignatureHeader, type SignedRequest } from "../../../../domain/identity/sigv4.ts";
import type { Endpoint } from "../../../../domain/limits/endpoint.ts";
import type { ServiceContext } from "../../../../services/context.ts";
import { authenticateSignature, type SignatureVerdict } from "../../../../services/identity/authenticate-signature.ts";
import type { HttpEnv } from "../../env.ts";
import { actAs, authenticate } from "../../middleware/authenticate.ts";
import { limitPrincipal } from "../../middleware/rate-limit.ts";
import { AwsError } from "./aws-error.ts";

type Reason = Extract<SignatureVerdict, { admitted: false }>["reason"];

// AWS: Step Functions answers 400 where other services answer 403.
const REFUSALS: Record<Reason, () => AwsError> = {
  incomplete: () =>
    new AwsError("IncompleteSignatureException", "The request signature does not conform to AWS standards."),
  expired: () =>
    new AwsError("InvalidSignatureException", "Signature expired: the request's date is too far from the present."),
  wrong: () =>
    new AwsError(
      "InvalidSignatureException",
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
    ),
  "unknown-key": () =>
    new AwsError("UnrecognizedClientException", "The security token included in the request is invalid."),
};

/** The caller by signature (AWS Signature Version 4), or by bearer token as everywhere else. */
export async function authenticateAws(
  http: Context<HttpEnv>,
  body: Uint8Array,
  endpoint: Endpoint,
): Promise<ServiceContext> {
  const authorization = http.req.header("authorization");
  if (authorization === undefined)
    throw new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token");
  if (!isSignatureHeader(authorization)) return authenticate(http, null, endpoint);
  const platform = http.get("platform");
  const verdict = await authenticateSignature(platform, signedRequest(http.req.raw, body));
  if (verdict.admitted) {
    await limitPrincipal(http, verdict.principal, endpoint);
    return actAs(http, verdict.principal, null);
  }
  platform.log.info("signature.refused", { requestId: platform.requestId, reason: verdict.reason });
  throw REFUSALS[verdict.reason]();
}

function signedRequest(request: Request, body: Uint8Array): SignedRequest {
  const url = new URL(request.url);
  const headers = new Map(request.headers);
  if (!headers.has("host")) headers.set("host", url.host);
  return { method: request.method, path: url.pathname, query: url.search.slice(1), headers, body };
}
