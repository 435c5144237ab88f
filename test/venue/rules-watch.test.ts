/** Rules that change while the daemon runs. */

import { expect, test } from "vitest";
import { ticks } from "../../src/domain/units.ts";
import { ExchangeInfo } from "../../src/venue/wire/schemas.ts";
import { entry, ok, payload, type Rig, refusal, restRig, stop } from "./support.ts";

const info = ExchangeInfo.parse(payload("live.rest.exchangeInfo.json"));

function changed(filterType: string, values: Readonly<Record<string, unknown>>, status = "TRADING"): ExchangeInfo {
  const symbols = info.symbols.map((row) => ({
    ...row,
    status: row.symbol === "BTCUSDT" ? status : row.status,
    filters: row.filters.map((filter) => (filter.filterType === filterType ? { ...filter, ...values } : filter)),
  }));
  return { ...info, symbols };
}

const hour = 3_600_000;
const states = (rig: Rig): readonly unknown[] =>
  rig.events.flatMap((event) => (event.kind === "set-up" ? [event.state] : []));
const told = (rig: Rig): readonly unknown[] =>
  rig.notices.flatMap(({ code, fields }) => (code === "EXCHANGE_RULES_CHANGED" ? [fields["change"]] : []));

const bounds = (rig: Rig): readonly unknown[] =>
  rig.events.flatMap((event) => (event.kind === "rules" ? [event.rules.minNotional] : []));

test("[ORD-6] the rules are read anew each hour", () => {
  const rig = restRig().started();
  rig.advance(hour - 1_000);
  const before = rig.http("/fapi/v1/exchangeInfo").length;
  rig.advance(2_000);
  expect([before, rig.http("/fapi/v1/exchangeInfo").length, told(rig), states(rig)]).toEqual([1, 2, [], ["proven"]]);
});

test.each([
  ["a tick between ours", changed("PRICE_FILTER", { tickSize: "0.05" }), "tickSize 0.10 → 0.05"],
  ["a tick beside ours", changed("PRICE_FILTER", { tickSize: "0.15" }), "tickSize 0.10 → 0.15"],
  ["a finer step", changed("LOT_SIZE", { stepSize: "0.0001" }), "stepSize 0.001 → 0.0001"],
  ["the end of trading", changed("", {}, "SETTLING"), "tradable true → false"],
])("[ORD-6] %s ends entries until the daemon is started anew, and is told", (_, next, change) => {
  const rig = restRig().started();
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(next)).advance(hour + 1_000);
  expect([told(rig), states(rig).at(-1), rig.fatal]).toEqual([[change], "pending", []]);
});

test.each([
  ["tick", changed("PRICE_FILTER", { tickSize: "0.20" }), "tickSize 0.10 → 0.20"],
  ["step", changed("LOT_SIZE", { stepSize: "0.01" }), "stepSize 0.001 → 0.01"],
])("[F-77] a coarser %s is told and handed to the core, and ends nothing", (_, next, change) => {
  const rig = restRig().started();
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(next)).advance(hour + 1_000);
  expect([told(rig), bounds(rig).length, states(rig)]).toEqual([[change], 1, ["proven"]]);
});

test.each([
  ["STOP_MARKET", "sell", 639_641, "63964.2"],
  ["STOP_MARKET", "buy", 639_641, "63964.0"],
  ["TAKE_PROFIT_MARKET", "sell", 639_641, "63964.0"],
  ["TAKE_PROFIT_MARKET", "buy", 639_641, "63964.2"],
  ["STOP_MARKET", "sell", 639_642, "63964.2"],
] as const)(
  "[F-77] a %s to %s off the coarser grid goes where less is lost, or sooner reached",
  (type, side, at, sent) => {
    const rig = restRig().started();
    const next = changed("PRICE_FILTER", { tickSize: "0.20" });
    rig.on("GET /fapi/v1/exchangeInfo", () => ok(next)).advance(hour + 1_000);
    rig.send({ ...stop, type, side, trigger: ticks(at) });
    const [asked] = rig.http("/fapi/v1/algoOrder", "POST").slice(-1);
    expect(new URLSearchParams(asked?.query).get("triggerPrice")).toBe(sent);
  },
);

test("[F-77] what only reduces is rounded up to the coarser step, what opens never", () => {
  const rig = restRig().started();
  const next = changed("LOT_SIZE", { stepSize: "0.004" });
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(next)).advance(hour + 1_000);
  rig.on("POST /fapi/v1/order", () => refusal(-2019, "no"));
  for (const reduceOnly of [true, false]) rig.send({ ...entry, reduceOnly, role: reduceOnly ? "x" : "e" });
  const sent = rig.http("/fapi/v1/order", "POST").map(({ query }) => new URLSearchParams(query).get("quantity"));
  expect(sent).toEqual(["0.012", "0.010"]);
});

test("[F-77] rules that are as before end the suspicion that a refusal raised", () => {
  const rig = restRig().started();
  rig.on("POST /fapi/v1/algoOrder", () => refusal(-4014, "Price not increased by tick size."));
  rig.advance(10_000);
  rig.on("GET /fapi/v1/exchangeInfo", () => refusal(-1000, "later"));
  const triggers = (): readonly unknown[] =>
    rig.http("/fapi/v1/algoOrder", "POST").map(({ query }) => new URLSearchParams(query).get("triggerPrice"));
  const before = triggers().length;
  rig.send({ ...stop, trigger: ticks(639_641) });
  rig.send({ ...stop, trigger: ticks(639_641) });
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(info)).advance(60_000);
  rig.send({ ...stop, trigger: ticks(639_641) });
  expect(triggers().slice(before)).toEqual(["63964.1", "63965.0", "63964.1"]);
});

test("[F-77] another bound is told and handed to the core, and ends nothing", () => {
  const rig = restRig().started();
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(changed("MIN_NOTIONAL", { notional: "100" }))).advance(hour + 1_000);
  expect([told(rig), bounds(rig), states(rig)]).toEqual([["minNotional 50 → 100"], ["100"], ["proven"]]);
});

test("[F-77] another step of market orders is a bound like others", () => {
  const rig = restRig().started();
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(changed("MARKET_LOT_SIZE", { stepSize: "0.01" }))).advance(hour + 1_000);
  expect([bounds(rig).length, states(rig)]).toEqual([1, ["proven"]]);
});

test("[F-77] a symbol that is not traded is looked at every five minutes, told once, until it is again", () => {
  const rig = restRig().started();
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(changed("", {}, "SETTLING"))).advance(hour + 1_000);
  rig.advance(hour / 6);
  const times = rig.http("/fapi/v1/exchangeInfo").length;
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(info)).advance(hour / 12);
  expect([times, told(rig).length, states(rig).at(-1)]).toEqual([4, 1, "proven"]);
});

test("[ORD-6] rules that are as before again let entries go on", () => {
  const rig = restRig().started();
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(changed("PRICE_FILTER", { tickSize: "0.15" }))).advance(hour + 1_000);
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(info)).advance(hour);
  expect([states(rig)[0], states(rig).includes("pending"), states(rig).at(-1)]).toEqual(["proven", true, "proven"]);
});

test("[ORD-6] a refusal that speaks of the grid has the rules read at once, at most once in five seconds", () => {
  const rig = restRig().started();
  rig.on("POST /fapi/v1/order", () => refusal(-4014, "Price not increased by tick size."));
  rig.advance(61_000);
  for (let times = 0; times < 5; times += 1) rig.send({ ...entry, clientOrderId: `sd-3k9f2x1a-e${times + 1}-00` });
  expect(rig.http("/fapi/v1/exchangeInfo")).toHaveLength(2);
});

test("[F-77] the refusal of an order that was written before the rules were read says nothing against them", () => {
  // given
  const rig = restRig().started();
  rig.advance(10_000);
  rig.on("POST /fapi/v1/algoOrder", () => "lost").send({ ...stop, trigger: ticks(639_641) });
  const early = rig.http("/fapi/v1/algoOrder", "POST").at(-1)?.id ?? -1;
  rig.advance(100);
  const tooFine = { status: 400, body: { code: -4014, msg: "Price not increased by tick size." } };
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(changed("PRICE_FILTER", { tickSize: "0.20" })));
  rig.on("POST /fapi/v1/algoOrder", () => tooFine).send({ ...stop, trigger: ticks(639_641) });
  // when
  rig.answer(early, tooFine);
  rig.send({ ...stop, trigger: ticks(639_641) });
  // then
  const last = rig.http("/fapi/v1/algoOrder", "POST").at(-1)?.query;
  expect([told(rig), new URLSearchParams(last).get("triggerPrice")]).toEqual([["tickSize 0.10 → 0.20"], "63964.2"]);
});
