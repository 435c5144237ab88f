import { expect, test } from "vitest";
import { endpointOf } from "../../../src/exchange/wire/endpoints.ts";
import { exchangeLimits, Limits } from "../../../src/exchange/wire/limits.ts";
import { epoch, fetchJson, stillServer } from "./support.ts";

test.each([
  ["GET /fapi/v1/depth", { limit: "50" }, 2],
  ["GET /fapi/v1/depth", { limit: "100" }, 5],
  ["GET /fapi/v1/depth", {}, 10],
  ["GET /fapi/v1/depth", { limit: "1000" }, 20],
  ["GET /fapi/v1/klines", { limit: "99" }, 1],
  ["GET /fapi/v1/klines", { limit: "1500" }, 10],
  ["GET /fapi/v1/openOrders", { symbol: "BTCUSDT" }, 1],
  ["GET /fapi/v1/openOrders", {}, 40],
  ["POST /fapi/v1/order", {}, 0],
  ["GET /fapi/v3/account", {}, 5],
] as const)("[SIM-1] %s with %j weighs %i", (name, params, weight) => {
  const [method = "", path = ""] = name.split(" ");
  expect(endpointOf(method, path)?.weight(params)).toBe(weight);
});

test("[SIM-1] the weight counts per UTC minute, not over a sliding one", () => {
  const limits = new Limits();
  const late = limits.chargeWeight(2_400, epoch + 59_999);
  const full = limits.chargeWeight(1, epoch + 59_999);
  const fresh = limits.chargeWeight(1, epoch + 60_000);
  expect([late, full?.code, fresh]).toEqual([null, -1003, null]);
});

test("[SIM-1] who ignores 429 is banned with 418 and told until when, twice as long the next time", () => {
  const limits = new Limits({ ...exchangeLimits, refusalsBeforeBan: 2 });
  limits.chargeWeight(2_400, epoch);
  const refusals = [1, 2, 3].map((second) => limits.chargeWeight(1, epoch + second * 1_000));
  expect(refusals.map((refusal) => refusal?.status)).toEqual([429, 429, 418]);
  expect(refusals[2]?.msg).toContain(`banned until ${epoch + 3_000 + 120_000}`);
  const later = epoch + 180_000;
  limits.chargeWeight(2_400, later);
  const again = [1, 2, 3].map((second) => limits.chargeWeight(1, later + second * 1_000));
  expect(again[2]?.msg).toContain(`banned until ${later + 3_000 + 240_000}`);
});

test("[SIM-1] the ban ends", () => {
  const limits = new Limits({ ...exchangeLimits, refusalsBeforeBan: 0 });
  limits.chargeWeight(2_401, epoch);
  expect([limits.chargeWeight(1, epoch + 119_999)?.status, limits.chargeWeight(1, epoch + 120_000)]).toEqual([
    418,
    null,
  ]);
});

test("[SIM-1] the order pools hold 300 in ten seconds and 1200 in a minute", () => {
  const limits = new Limits();
  const order = endpointOf("POST", "/fapi/v1/order");
  if (order === null) throw new Error("no order endpoint");
  const place = (count: number, now: number) =>
    Array.from({ length: count }, () => limits.chargePools(order, now)?.code);
  expect(place(301, epoch).filter((code) => code === -1015)).toHaveLength(1);
  for (const second of [10, 20, 30]) expect(place(300, epoch + second * 1_000)).not.toContain(-1015);
  expect(place(1, epoch + 40_000)).toEqual([-1015]);
});

test("[SIM-1] a client over its weight gets 429 with the count in the header", async () => {
  const at = await stillServer({ limits: { weightPerMinute: 4 } });
  const url = "/fapi/v1/depth?symbol=BTCUSDT&limit=5";
  const replies = [await fetchJson(at, "GET", url), await fetchJson(at, "GET", url), await fetchJson(at, "GET", url)];
  await at.server.close();
  expect([replies[2]?.status, replies[2]?.body["code"], replies[2]?.headers.get("x-mbx-used-weight-1m")]).toEqual([
    429,
    -1003,
    "6",
  ]);
});
