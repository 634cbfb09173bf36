import { describe, expect, it } from "vitest";
import { readSignatureClaim, type SignedRequest, signatureRefusal } from "../../../domain/identity/sigv4.ts";

// The signatures are those of the test suite that AWS publishes for Signature Version 4.

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW = Date.UTC(2015, 7, 30, 12, 36, 0);
const VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

function authorization(signature: string, signedHeaders = "host;x-amz-date"): string {
  const credential = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

function aRequest(changes: Partial<SignedRequest> = {}, headers: Record<string, string> = {}): SignedRequest {
  const all = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z", ...headers };
  const usual = { method: "GET", path: "/", query: "", body: new Uint8Array(0) };
  return { ...usual, ...changes, headers: new Map(Object.entries(all)) };
}

function refusal(request: SignedRequest, header = authorization(VANILLA), now = NOW, secrets = [SECRET]) {
  const claim = readSignatureClaim(header);
  return claim === null ? "unreadable" : signatureRefusal(request, claim, secrets, now);
}

describe("Signature Version 4", () => {
  it.each([
    ["a plain request", aRequest(), VANILLA],
    ["a POST", aRequest({ method: "POST" }), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    [
      "query parameters in any order",
      aRequest({ query: "Param2=value2&Param1=value1" }),
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ],
  ])("recognises the published signature of %s", (_, request, signature) => {
    expect(refusal(request, authorization(signature))).toBeNull();
  });

  it("takes any of the secrets of a key", () => {
    expect(refusal(aRequest(), undefined, NOW, ["another", SECRET])).toBeNull();
  });

  it.each([
    ["another secret", aRequest(), ["another"]],
    ["another method", aRequest({ method: "POST" }), [SECRET]],
    ["another path", aRequest({ path: "/else" }), [SECRET]],
    ["another query", aRequest({ query: "a=1" }), [SECRET]],
    ["another body", aRequest({ body: Buffer.from("{}") }), [SECRET]],
    ["another host", aRequest({}, { host: "elsewhere.example" }), [SECRET]],
  ])("refuses %s", (_, request, secrets) => {
    expect(refusal(request, undefined, NOW, secrets)).toBe("wrong");
  });

  it("does not take the word of a header for the body's digest", () => {
    const headers = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    expect(refusal(aRequest({}, headers), authorization(VANILLA, "host;x-amz-content-sha256;x-amz-date"))).toBe(
      "wrong",
    );
  });

  it.each([
    ["six minutes early", NOW - 6 * 60_000, "expired"],
    ["six minutes late", NOW + 6 * 60_000, "expired"],
    ["four minutes early", NOW - 4 * 60_000, null],
    ["four minutes late", NOW + 4 * 60_000, null],
  ])("answers a signature that comes %s as it should", (_, now, expected) => {
    expect(refusal(aRequest(), undefined, now)).toBe(expected);
  });

  it("refuses a credential of another day than the request", () => {
    const header = authorization(VANILLA).replace("/20150830/", "/20150829/");
    expect(refusal(aRequest(), header)).toBe("expired");
  });

  it.each([
    ["a date that is missing", aRequest({}, { "x-amz-date": "" }), undefined],
    ["a date that is none", aRequest({}, { "x-amz-date": "20159930T123600Z" }), undefined],
    ["a host that is not signed", aRequest(), authorization(VANILLA, "x-amz-date")],
    ["a header of AWS that is not signed", aRequest({}, { "x-amz-target": "X.Y" }), undefined],
    ["a signed header that is missing", aRequest(), authorization(VANILLA, "host;x-amz-date;x-other")],
  ])("refuses as incomplete %s", (_, request, header) => {
    expect(refusal(request, header)).toBe("incomplete");
  });

  it.each([
    [""],
    ["AWS4-HMAC-SHA256"],
    ["AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x"],
    ["AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request, SignedHeaders=, Signature=x"],
    ["AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request, SignedHeaders=host"],
    ["AWS4-HMAC-SHA1 Credential=a/20150830/r/s/aws4_request, SignedHeaders=host, Signature=x"],
  ])("cannot read %s", (header) => {
    expect(readSignatureClaim(header)).toBeNull();
  });
});
