import { describe, expect, it } from "vitest";
import { parsedConfig } from "../../../adapters/config.ts";
import { testSecrets } from "../../support/secrets.ts";

const local = (more: object = {}) => ({ WEFT_ENVIRONMENT: "local", ...testSecrets(), ...more });

describe("the configuration", () => {
  it("takes what is empty or absent for off", () => {
    const config = parsedConfig(local({ SENTRY_DSN: " ", WEFT_ALLOW_LOOPBACK: "" }));
    expect(config).toMatchObject({ SENTRY_DSN: null, OPENAI_BASE_URL: null, WEFT_ALLOW_LOOPBACK: false });
  });

  it.each([
    ["RATE_LIMIT_PER_IP", "-1"],
    ["OPENAI_BASE_URL", "ftp://models.example.com"],
    ["OPERATOR_TOKEN", "a-short-secret"],
    ["TOKEN_SIGNING_KEY", '{"kty":"RSA"}'],
    ["ENCRYPTION_KEY", "1:c2hvcnQ="],
  ])("stops with the name of %s and without its value", (name, value) => {
    const stop = () => parsedConfig(local({ [name]: value }));
    expect(stop).toThrow(`${name}: `);
    expect(stop).not.toThrow(value);
  });

  it.each(["WEFT_ALLOW_LOOPBACK", "WEFT_TEST_FIXTURES", "WEFT_CHEAP_PASSWORDS"])(
    "refuses %s, which is for the laptop, where it is deployed",
    (name) => {
      const deployed = { WEFT_ENVIRONMENT: "production", [name]: "1" };
      expect(() => parsedConfig(local(deployed))).toThrow(`refused when deployed: ${name}.`);
      expect(() => parsedConfig(local({ ...deployed, [name]: "" }))).not.toThrow();
    },
  );
});
