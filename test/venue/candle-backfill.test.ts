/** The minutes that a gap took, asked for anew once they are closed on the exchange (failure-catalogue F-68). */

import { expect, test } from "vitest";
import { symbolIndex } from "../../src/domain/units.ts";
import type { AdapterOptions } from "../../src/venue/adapter.ts";
import { ok, Rig, refusal } from "./support.ts";

/** First millisecond of the minute in which the rig begins, 20 s into it. */
const minute = 1_791_382_980_000;
const minuteMs = 60_000;

const kline = (openTime: number): readonly unknown[] => {
  const price = "64000.00";
  return [openTime, price, price, price, price, "1.000", openTime + minuteMs - 1, "64000.00", 5, "0.500", "1.0", "0"];
};

/** Started, and trading on from the minute of its begin; the questions of the start are forgotten. */
function tradingRig(options: Partial<AdapterOptions> = {}): Rig {
  const rig = new Rig({ candles: 100, ...options });
  rig.on("GET /fapi/v1/klines", (params) => {
    const first = Number(params.get("startTime"));
    return ok(Array.from({ length: Number(params.get("limit")) }, (_, nth) => kline(first + nth * minuteMs)));
  });
  rig.started();
  rig.requests.length = 0;
  rig.events.length = 0;
  rig.notices.length = 0;
  trade(rig);
  return rig;
}

/** @param behind milliseconds that the exchange's clock is behind ours */
function trade(rig: Rig, behind = 0): void {
  const T = Math.floor(rig.now / 1_000) - behind;
  const data = { e: "aggTrade", E: T, a: 1, s: "BTCUSDT", p: "64000.00", q: "0.001", f: 1, l: 1, T, m: true };
  rig.say("market", { stream: "btcusdt@aggTrade", data });
}

/** The market connection is lost, and trades go on after so many milliseconds. */
function interrupt(rig: Rig, milliseconds: number): void {
  rig.cut("market");
  rig.advance(milliseconds);
  trade(rig);
}

/** Lets time pass up to so many milliseconds after the begin of the rig's first minute. */
function advanceTo(rig: Rig, milliseconds: number): void {
  rig.advance(minute + milliseconds - rig.now / 1_000);
}

/** First minute and count of each question, minutes counted from the rig's first. */
function asked(rig: Rig): readonly (readonly [number, number])[] {
  return rig.http("/fapi/v1/klines").map(({ query }) => {
    const params = new URLSearchParams(query);
    return [(Number(params.get("startTime")) - minute) / minuteMs, Number(params.get("limit"))];
  });
}

/** Minutes that the core was told, by answer. */
function told(rig: Rig): readonly (readonly number[])[] {
  return rig.events.flatMap((event) =>
    event.kind === "candle-history"
      ? [event.candles.map(({ openTime }) => (openTime / 1_000 - minute) / minuteMs)]
      : [],
  );
}

test("[F-68] while no trade is missed no minute is asked for anew", () => {
  const rig = tradingRig();
  for (let second = 0; second < 180; second += 1) {
    rig.advance(1_000);
    trade(rig);
  }
  expect(asked(rig)).toEqual([]);
});

test("[F-68] a minute with a hole is not asked for before it is closed on the exchange", () => {
  const rig = tradingRig();
  interrupt(rig, 5_000);
  advanceTo(rig, minuteMs);
  expect(asked(rig)).toEqual([]);
});

test("[F-68] after a lost connection the minute of the hole is asked for once it is closed", () => {
  const rig = tradingRig();
  interrupt(rig, 5_000);
  advanceTo(rig, minuteMs + 3_000);
  expect([asked(rig), told(rig)]).toEqual([[[0, 1]], [[0]]]);
});

test("[F-68] a hole in the sequence of the book is a gap of the symbol: its minute is asked for as well", () => {
  const rig = tradingRig();
  rig.advance(2_000);
  rig.adapter.resyncBook(symbolIndex(0), rig.now);
  rig.advance(1_000);
  trade(rig);
  advanceTo(rig, minuteMs + 3_000);
  expect(told(rig)).toEqual([[0]]);
});

test("[F-68] what is asked for are the minutes from the last trade before the gap to the first one after it", () => {
  const rig = tradingRig();
  interrupt(rig, 3 * minuteMs);
  advanceTo(rig, 4 * minuteMs + 3_000);
  expect(told(rig).flat()).toEqual([0, 1, 2, 3]);
});

test("[F-68] of a longer gap the closed minutes are asked for at once, as entries wait for them, and the last one later", () => {
  const rig = tradingRig();
  interrupt(rig, 3 * minuteMs);
  rig.advance(1);
  const atOnce = asked(rig);
  advanceTo(rig, 4 * minuteMs + 3_000);
  expect([atOnce, asked(rig).slice(1)]).toEqual([[[0, 3]], [[3, 1]]]);
});

test("[F-68] no more minutes are asked for than are back-filled at a start, and those the newest", () => {
  const rig = tradingRig({ candles: 2 });
  interrupt(rig, 3 * minuteMs);
  advanceTo(rig, 4 * minuteMs + 3_000);
  expect(asked(rig)[0]).toEqual([1, 2]);
});

test("[F-68] nothing is asked for while no trade has come after the gap", () => {
  const rig = tradingRig();
  rig.cut("market");
  advanceTo(rig, 5 * minuteMs);
  expect(asked(rig)).toEqual([]);
});

test("[F-68] the exchange's clock says when a minute is closed, not ours", () => {
  // given: the exchange is ten seconds behind
  const rig = new Rig({ candles: 100 });
  rig.on("GET /fapi/v1/time", () => ok({ serverTime: Math.floor(rig.now / 1_000) - 10_000 }));
  rig.on("GET /fapi/v1/klines", (params) => ok([kline(Number(params.get("startTime")))]));
  rig.started();
  rig.requests.length = 0;
  trade(rig, 10_000);
  rig.cut("market");
  rig.advance(5_000);
  trade(rig, 10_000);
  // when
  advanceTo(rig, minuteMs + 8_000);
  const before = asked(rig).length;
  advanceTo(rig, minuteMs + 13_000);
  // then
  expect([before, asked(rig).length]).toEqual([0, 1]);
});

test("[F-68] many gaps in a minute are one question", () => {
  const rig = tradingRig();
  for (let nth = 0; nth < 5; nth += 1) interrupt(rig, 3_000);
  advanceTo(rig, 3 * minuteMs);
  expect(asked(rig)).toEqual([[0, 1]]);
});

test("[F-68] a gap in the minute after does not keep the minutes before it from being asked for", () => {
  const rig = tradingRig();
  interrupt(rig, 38_000);
  interrupt(rig, 3_000);
  advanceTo(rig, minuteMs + 3_000);
  const first = told(rig);
  advanceTo(rig, 2 * minuteMs + 3_000);
  expect([first, told(rig)]).toEqual([[[0]], [[0], [1]]]);
});

test("[F-68] while a question is unanswered no other is asked for the symbol, and what a later gap took comes after it", () => {
  // given
  const rig = tradingRig({ replyTimeoutMs: 3 * minuteMs });
  const answer = (params: URLSearchParams) => ok([kline(Number(params.get("startTime")))]);
  rig.on("GET /fapi/v1/klines", () => "lost");
  interrupt(rig, 5_000);
  advanceTo(rig, minuteMs + 3_000);
  interrupt(rig, 5_000);
  // when
  advanceTo(rig, 2 * minuteMs + 10_000);
  const meanwhile = asked(rig);
  rig.on("GET /fapi/v1/klines", answer);
  const [open] = rig.http("/fapi/v1/klines");
  rig.answer(open?.id ?? -1, { status: 200, body: [kline(minute)] });
  rig.pump();
  rig.advance(3_000);
  // then
  expect([meanwhile, asked(rig), told(rig)]).toEqual([
    [[0, 1]],
    [
      [0, 1],
      [1, 1],
    ],
    [[0], [1]],
  ]);
});

test.each([
  ["is lost", "lost"],
  ["fails", "refused-connection"],
  ["is refused for now", refusal(-1001, "Internal error", 500)],
] as const)("[F-68] a question that %s is asked again", (_, script) => {
  // given
  const rig = tradingRig();
  let failures = 2;
  rig.on("GET /fapi/v1/klines", (params) => {
    failures -= 1;
    return failures >= 0 ? script : ok([kline(Number(params.get("startTime")))]);
  });
  // when
  interrupt(rig, 5_000);
  advanceTo(rig, minuteMs + 20_000);
  // then
  expect([asked(rig).length, told(rig)]).toEqual([3, [[0]]]);
});

test("[F-68] during a ban the question waits for its end", () => {
  // given
  const rig = tradingRig();
  interrupt(rig, 5_000);
  const headers = { retryAfterSeconds: 120 };
  rig.on("GET /fapi/v1/depth", () => ({ status: 418, body: { code: -1003, msg: "Too many requests" }, headers }));
  rig.adapter.resyncBook(symbolIndex(0), rig.now);
  rig.advance(2_000);
  // when
  advanceTo(rig, minuteMs + 30_000);
  const meanwhile = asked(rig);
  advanceTo(rig, 4 * minuteMs);
  // then
  expect([meanwhile, told(rig)[0]]).toEqual([[], [0]]);
});

test("[F-68] an answer in which the minute is not closed yet gives nothing, and is asked for again", () => {
  // given
  const rig = tradingRig();
  const answers = [[kline(minute + minuteMs)], [kline(minute)]];
  rig.on("GET /fapi/v1/klines", () => ok(answers.shift() ?? []));
  // when
  interrupt(rig, 5_000);
  advanceTo(rig, minuteMs + 10_000);
  // then
  expect([asked(rig).length, told(rig)]).toEqual([2, [[0]]]);
});

test("[F-68] minutes that the exchange does not have are asked for a few times, and then said to be unread", () => {
  const rig = tradingRig();
  rig.on("GET /fapi/v1/klines", () => ok([]));
  interrupt(rig, 5_000);
  advanceTo(rig, 10 * minuteMs);
  expect([asked(rig).length, rig.notices.filter(({ code }) => code === "CANDLES_UNREAD").length]).toEqual([6, 1]);
});

test("[F-68] a question that is refused for good is given up, and said", () => {
  const rig = tradingRig();
  rig.on("GET /fapi/v1/klines", () => refusal(-1121, "Invalid symbol."));
  interrupt(rig, 5_000);
  advanceTo(rig, 3 * minuteMs);
  expect([asked(rig).length, rig.notices.filter(({ code }) => code === "CANDLES_UNREAD").length]).toEqual([1, 1]);
});

test("[F-68] after a hole was filled the next one is asked for by itself", () => {
  const rig = tradingRig();
  interrupt(rig, 5_000);
  advanceTo(rig, 2 * minuteMs + 10_000);
  trade(rig);
  interrupt(rig, 5_000);
  advanceTo(rig, 3 * minuteMs + 3_000);
  expect(asked(rig)).toEqual([
    [0, 1],
    [2, 1],
  ]);
});

test("[F-68] where the exchange's clock was set back over the gap, nothing is asked for", () => {
  const rig = tradingRig();
  rig.cut("market");
  rig.advance(5_000);
  trade(rig, 2 * minuteMs);
  advanceTo(rig, 3 * minuteMs);
  expect(asked(rig)).toEqual([]);
});
