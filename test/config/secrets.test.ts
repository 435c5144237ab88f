import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, expect, test } from "vitest";
import { readSecrets } from "../../src/config/secrets.ts";

const directory = mkdtempSync(join(tmpdir(), "scalpd-secrets-"));
afterAll(() => rmSync(directory, { recursive: true }));
const envFile = join(directory, ".env");
const keyFile = join(directory, "key.pem");
const canary = "canary-7f3a";

test("[CFG-1] secrets come from .env, the environment stands above it, and absent ones are null", () => {
  writePrivate(envFile, `SCALPD_API_KEY=from-file\nSCALPD_API_SECRET="${canary}"\n`);
  const secrets = readSecrets(envFile, { SCALPD_API_KEY: "from-environment" });
  expect(secrets.apiKey?.reveal()).toBe("from-environment");
  expect(secrets.apiSecret?.reveal()).toBe(canary);
  expect(secrets.privateKey).toBeNull();
});

test("[CFG-1] a variable ending in _FILE names a file that holds the secret", () => {
  writePrivate(keyFile, `${canary}\n`);
  const secrets = readSecrets(join(directory, "none"), { SCALPD_PRIVATE_KEY_FILE: keyFile });
  expect(secrets.privateKey?.reveal()).toBe(canary);
});

test("[CFG-1] secrets are gone from the environment once they are read", () => {
  const environment = { SCALPD_API_KEY: canary, SCALPD_API_SECRET: canary, PATH: "/bin" };
  readSecrets(join(directory, "none"), environment);
  expect(environment).toEqual({ PATH: "/bin" });
});

test("[CFG-1] a secret does not show in text, JSON or the inspector", () => {
  const secrets = readSecrets(join(directory, "none"), { SCALPD_API_KEY: canary });
  const shown = [`${secrets.apiKey}`, JSON.stringify(secrets), inspect(secrets, { depth: 9, showHidden: true })];
  expect(shown.join()).not.toContain(canary);
  expect(JSON.parse(JSON.stringify(secrets)).apiKey).toBe("[secret]");
});

test.each([0o644, 0o640, 0o620, 0o606])("a secret file with mode %o is refused, with the way to mend it", (mode) => {
  writePrivate(envFile, `SCALPD_API_KEY=${canary}\n`);
  chmodSync(envFile, mode);
  expect(() => readSecrets(envFile, {})).toThrow(`mend it with: chmod 600 ${envFile}`);
});

test("a secret given as value and as file is refused, and all faults are reported at once", () => {
  const environment = { SCALPD_API_KEY: canary, SCALPD_API_KEY_FILE: keyFile, SCALPD_API_SECRET_FILE: "/nowhere/key" };
  expect(() => readSecrets(join(directory, "none"), environment)).toThrow(
    /^SCALPD_API_KEY and SCALPD_API_KEY_FILE are both set; allowed: one of them\nSCALPD_API_SECRET_FILE: \/nowhere\/key: cannot be read/,
  );
});

function writePrivate(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
}
