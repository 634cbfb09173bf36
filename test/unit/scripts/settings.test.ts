import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localVariables, newSecrets } from "../../../scripts/local/settings.ts";

describe("local settings", () => {
  let root = "";
  const file = () => path.join(root, ".dev.vars");
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "weft-settings-"));
    writeFileSync(path.join(root, ".dev.vars.example"), 'OPERATOR_TOKEN=""\nOPENAI_API_KEY=""\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("generates every secret on the first start and keeps them on the next", () => {
    const first = localVariables(root, {});
    expect(Object.keys(first).toSorted()).toEqual(Object.keys(newSecrets()).toSorted());
    expect(localVariables(root, {})).toEqual(first);
  });

  it("writes a file that only its owner reads, with no quotes around the operator's token", () => {
    const { OPERATOR_TOKEN } = localVariables(root, {});
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readFileSync(file(), "utf8").split("\n")).toContain(`OPERATOR_TOKEN=${OPERATOR_TOKEN}`);
  });

  it("adds what is missing or empty and leaves what stands there", () => {
    writeFileSync(file(), "OPERATOR_TOKEN=mine\nENCRYPTION_KEY=\nOPENAI_API_KEY=sk-1");
    const variables = localVariables(root, {});
    expect(variables).toMatchObject({ OPERATOR_TOKEN: "mine", OPENAI_API_KEY: "sk-1" });
    expect(variables.ENCRYPTION_KEY).toMatch(/^1:/);
    expect(readFileSync(file(), "utf8")).toContain("OPENAI_API_KEY=sk-1\n");
    expect(localVariables(root, {})).toEqual(variables);
  });

  it("lets the environment override the settings that the example names, and no others", () => {
    const variables = localVariables(root, { OPERATOR_TOKEN: "other", OPENAI_API_KEY: "", HOME: "/root" });
    expect(variables).toMatchObject({ OPERATOR_TOKEN: "other", OPENAI_API_KEY: "" });
    expect(variables).not.toHaveProperty("HOME");
  });

  it("generates an Ed25519 key that signs, with an id, and 32-byte keys with a version", () => {
    const secrets = newSecrets();
    expect(JSON.parse(secrets.TOKEN_SIGNING_KEY ?? "")).toMatchObject({
      kty: "OKP",
      crv: "Ed25519",
      kid: expect.any(String),
    });
    for (const name of ["PASSWORD_PEPPER", "ENCRYPTION_KEY"]) {
      const [version, bytes = ""] = (secrets[name] ?? "").split(":");
      expect([version, Buffer.from(bytes, "base64").byteLength]).toEqual(["1", 32]);
    }
    expect(newSecrets()).not.toEqual(secrets);
  });
});
