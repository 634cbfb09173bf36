/** Secrets for tests: fixed, so that a failure can be repeated, and worth nothing anywhere else. */
export function testSecrets(): Record<string, string> {
  return {
    OPERATOR_TOKEN: "operator-token-for-tests-0123456789abcdef",
    TOKEN_SIGNING_KEY: JSON.stringify({
      kty: "OKP",
      crv: "Ed25519",
      // RFC 8037, appendix A.1.
      d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
      x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }),
    PASSWORD_PEPPER: `1:${Buffer.alloc(32, 1).toString("base64")}`,
    ENCRYPTION_KEY: `1:${Buffer.alloc(32, 2).toString("base64")}`,
  };
}
