import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { doctorCommand } from "../../src/cli/doctor.ts";
import { checkNode, checkTls } from "../../src/host/doctor/machine.ts";
import { Stage } from "../host/support.ts";

const directory = mkdtempSync(join(tmpdir(), "scalpd-doctor-"));
afterAll(() => rmSync(directory, { recursive: true }));

test("[OPS-3] on paper the doctor asks nobody, works offline, and finds nothing to mend", async () => {
  const { code, report } = await examine("");
  expect([code, report.ok]).toEqual([0, true]);
  expect(report.checks.map(({ check }) => check)).toEqual([
    "node",
    "tls",
    "settings",
    "secrets",
    "disk",
    "sync",
    "health.port",
    "exchange.port",
    "exchange",
    "alerts",
  ]);
});

test("[OPS-3] settings that cannot be used are a finding that names them, and the exit code is 1", async () => {
  const { code, report } = await examine("guardrails: { max_positions: none }\n");
  expect(code).toBe(1);
  expect(report.checks.find(({ check }) => check === "settings")).toMatchObject({
    state: "fail",
    found: expect.stringContaining("guardrails.max_positions"),
  });
});

test("[OPS-3] a port that is taken is found", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const { code, report } = await examine(`health: { port: ${port} }\n`);
  await new Promise((resolve) => server.close(resolve));
  expect([code, report.checks.find(({ check }) => check === "health.port")?.found]).toEqual([1, `${port}: EADDRINUSE`]);
});

test("[OPS-3] alerts without their token, and an exchange without a key, are found", async () => {
  const telegram = "alerts: { telegram: { enabled: true, chat_ids: [7] } }\n";
  const { code, report } = await examine(`venue: { name: testnet }\n${telegram}`);
  expect(code).toBe(1);
  const failed = report.checks.filter(({ state }) => state === "fail").map(({ check }) => check);
  expect(failed).toEqual(["key", "telegram"]);
});

test("[OPS-3] an embedded exchange that runs is asked like any other", async () => {
  const stage = new Stage();
  try {
    const exchange = await stage.exchange();
    const { report } = await examine("symbols: [BTCUSDT]\n", exchange);
    const asked = report.checks.filter(({ check }) => ["clock", "symbol BTCUSDT", "account"].includes(check));
    expect(asked.map(({ state }) => state)).toEqual(["ok", "ok", "ok"]);
    expect(JSON.stringify(report)).not.toContain(JSON.parse(exchange).api_secret);
  } finally {
    await stage.close();
  }
});

test("[OPS-3] another Node, and TLS that is not verified, fail", () => {
  expect([checkNode("24.21.0").state, checkNode("24.20.0").state, checkNode("26.0.0").state]).toEqual([
    "ok",
    "fail",
    "fail",
  ]);
  expect([checkTls({}).state, checkTls({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }).state]).toEqual(["ok", "fail"]);
});

type Report = {
  readonly ok: boolean;
  readonly checks: readonly { readonly check: string; readonly state: string; readonly found: string }[];
};

async function examine(yaml: string, exchange: string | null = null): Promise<{ code: number; report: Report }> {
  const config = join(directory, "settings.yaml");
  writeFileSync(config, yaml === "" ? "{}\n" : yaml);
  const lines: string[] = [];
  const overrides = { "store.directory": join(directory, "data") };
  const code = await doctorCommand({ config, overrides, exchange, json: true, print: (line) => lines.push(line) });
  return { code, report: JSON.parse(lines.at(-1) ?? "null") };
}
