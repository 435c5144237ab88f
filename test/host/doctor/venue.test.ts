import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Finding } from "../../../src/host/doctor/finding.ts";
import { checkVenue } from "../../../src/host/doctor/venue.ts";
import { signerFrom } from "../../../src/venue/live/signer.ts";
import { settings, settingsWith } from "../../support/core.ts";

const canary = "canary-7f3a";
const payloads = join(import.meta.dirname, "../../fixtures/payloads");
const exchangeInfo = readFileSync(join(payloads, "live.rest.exchangeInfo.json"), "utf8");
const accountConfig = { canTrade: true, canWithdraw: true, dualSidePosition: false, multiAssetsMargin: false };
const restrictions = { enableWithdrawals: false, enableFutures: true, ipRestrict: true };

let server: Server;
let answers: Record<string, { readonly status?: number; readonly body: unknown }>;

beforeEach(async () => {
  answers = {
    "/fapi/v1/exchangeInfo": { body: JSON.parse(exchangeInfo) },
    "/fapi/v1/premiumIndex": { body: { symbol: "BTCUSDT", markPrice: "64000.0" } },
    "/fapi/v1/accountConfig": { body: accountConfig },
    "/sapi/v1/account/apiRestrictions": { body: restrictions },
  };
  server = createServer((request, response) => {
    const path = request.url?.split("?")[0] ?? "";
    const answer = path === "/fapi/v1/time" ? timeAnswer() : (answers[path] ?? { status: 404, body: 0 });
    response.writeHead(answer.status ?? 200, { "content-type": "application/json" });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("[OPS-3] an exchange on which everything is as it must be leaves nothing to mend", async () => {
  const findings = await check();
  expect(findings.map(({ check: name, state }) => `${name} ${state}`)).toEqual([
    "exchange ok",
    "clock ok",
    "symbol BTCUSDT ok",
    "key ok",
    "account ok",
  ]);
});

const faults: readonly (readonly [string, string, unknown, string, Finding["state"]])[] = [
  [
    "a key that may withdraw",
    "/sapi/v1/account/apiRestrictions",
    { ...restrictions, enableWithdrawals: true },
    "key",
    "fail",
  ],
  [
    "a key without futures",
    "/sapi/v1/account/apiRestrictions",
    { ...restrictions, enableFutures: false },
    "key",
    "fail",
  ],
  ["a key for any address", "/sapi/v1/account/apiRestrictions", { ...restrictions, ipRestrict: false }, "key", "warn"],
  ["hedge mode", "/fapi/v1/accountConfig", { ...accountConfig, dualSidePosition: true }, "account", "fail"],
  ["multi-assets mode", "/fapi/v1/accountConfig", { ...accountConfig, multiAssetsMargin: true }, "account", "fail"],
  ["an account that may not trade", "/fapi/v1/accountConfig", { ...accountConfig, canTrade: false }, "account", "fail"],
  ["a clock that is two minutes off", "/fapi/v1/time", { skew: 120_000 }, "clock", "fail"],
  ["a clock that is three seconds off", "/fapi/v1/time", { skew: 3_000 }, "clock", "warn"],
  ["nonsense", "/fapi/v1/exchangeInfo", "<html>", "symbols", "fail"],
];

test.each(faults)("[OPS-3] %s is found, with the way to mend it", async (_name, path, body, place, state) => {
  answers[path] = { body };
  const found = (await check()).find((finding) => finding.check === place);
  expect(found).toMatchObject({ state, mend: expect.stringMatching(/\w/) });
});

test("[OPS-3] [F-60] a closed symbol is no reason not to start: nothing is entered in it", async () => {
  answers["/fapi/v1/exchangeInfo"] = { body: JSON.parse(exchangeInfo.replaceAll('"TRADING"', '"BREAK"')) };
  const found = (await check()).find(({ check: name }) => name === "symbol BTCUSDT");
  expect(found).toMatchObject({ state: "warn", found: expect.stringContaining("not trading") });
});

test("[OPS-3] a symbol that is not listed, or that no order fits, is found", async () => {
  const unlisted = await check(settingsWith({ symbols: ["NOSUCHUSDT"] }));
  expect(unlisted.find(({ check: name }) => name === "symbol NOSUCHUSDT")?.state).toBe("fail");
  const small = await check(settingsWith({ symbols: ["BTCUSDT"], risk: { min_notional: 1, max_notional: 5 } }));
  expect(small.find(({ check: name }) => name === "symbol BTCUSDT")?.state).toBe("warn");
});

test("[I-22] a refusal is told with its code; key, secret and signature are not", async () => {
  answers["/fapi/v1/accountConfig"] = {
    status: 401,
    body: { code: -2015, msg: "Invalid API-key, IP, or permissions" },
  };
  const findings = await check();
  expect(findings.find(({ check: name }) => name === "account")?.found).toContain("-2015");
  expect(JSON.stringify(findings)).not.toMatch(/canary|signature=/);
});

test("[OPS-3] an exchange that cannot be reached is one finding, and nothing else is asked", async () => {
  const findings = await check(settings, "http://127.0.0.1:1");
  expect(findings).toMatchObject([{ check: "exchange", state: "fail", mend: expect.stringMatching(/network/) }]);
});

function timeAnswer(): { readonly status?: number; readonly body: unknown } {
  const skew = Number(Reflect.get(Object(answers["/fapi/v1/time"]?.body), "skew") ?? 0);
  return { body: { serverTime: Date.now() + skew } };
}

function check(given = settingsWith({ symbols: ["BTCUSDT"] }), root?: string): Promise<readonly Finding[]> {
  const { port } = server.address() as AddressInfo;
  const rest = root ?? `http://127.0.0.1:${port}`;
  return checkVenue(
    {
      endpoints: { rest, streams: rest, wsApi: rest, sapi: rest },
      signer: signerFrom(`${canary}-key`, `${canary}-secret`),
      instance: "test",
      keyPermissions: "required",
    },
    given,
  );
}
