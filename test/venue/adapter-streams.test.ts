import { expect, test } from "vitest";
import { stringifyJson } from "../../src/venue/wire/lossless-json.ts";
import { ExchangeInfo } from "../../src/venue/wire/schemas.ts";
import { algoBody, depthBody, ok, payload, Rig, refusal, stop } from "./support.ts";

const diff = (U: number, u: number, pu: number): unknown => ({
  stream: "btcusdt@depth@100ms",
  data: {
    e: "depthUpdate",
    E: 1,
    T: 1,
    s: "BTCUSDT",
    U,
    u,
    pu,
    b: [["64000.00", "1.000"]],
    a: [["64000.10", "0.000"]],
  },
});

/** A rig whose streams say only what the test says. */
function quietRig(): Rig {
  const rig = new Rig();
  rig.keepsTalking = false;
  return rig.started();
}

test("[MKT-1] the book is joined from the snapshot and the diff that straddles it (F-47)", () => {
  const rig = quietRig();
  rig.say("public", diff(95, 105, 90));
  rig.say("public", diff(110, 120, 105));
  expect(rig.market).toEqual(["snapshot 0 100", "depth 0 105", "depth 0 120"]);
});

test("[MKT-1] a hole in the chain of diffs makes a gap and fetches the book again", () => {
  const rig = quietRig();
  rig.say("public", diff(95, 105, 90));
  rig.on("GET /fapi/v1/depth", () => ok(depthBody(205)));
  rig.say("public", diff(200, 210, 199));
  rig.advance(2_000);
  expect(rig.market).toEqual(["snapshot 0 100", "depth 0 105", "gap 0", "snapshot 0 205", "depth 0 210"]);
});

test("[MKT-1] a lost public connection is a gap; the book is fetched anew on the next one", () => {
  const rig = quietRig();
  rig.say("public", diff(95, 105, 90));
  rig.cut("public");
  rig.advance(2_000);
  rig.say("public", diff(98, 108, 97));
  rig.advance(2_000);
  expect(rig.market).toEqual(["snapshot 0 100", "depth 0 105", "gap 0", "snapshot 0 100", "depth 0 108"]);
});

test("[MKT-1] a lost market connection is a gap, too: trades were missed; the book begins anew with the candles (F-68)", () => {
  const rig = quietRig();
  rig.say("public", diff(95, 105, 90));
  rig.cut("market");
  rig.say("public", diff(98, 108, 105));
  rig.advance(2_000);
  expect(rig.market).toEqual(["snapshot 0 100", "depth 0 105", "gap 0", "snapshot 0 100", "depth 0 108"]);
});

test("[MKT-1] a market connection that is lost before the book is joined is a gap as well (F-68)", () => {
  const rig = quietRig();
  rig.cut("market");
  expect(rig.market).toEqual(["gap 0"]);
});

test("[MKT-1] a market connection that does not open again is no further gap", () => {
  const rig = quietRig();
  rig.opens.delete("market");
  rig.cut("market");
  rig.advance(2_000);
  rig.cut("market");
  expect(rig.market).toEqual(["gap 0"]);
});

test("an event of an old connection changes nothing (F-67)", () => {
  const rig = new Rig().started();
  const old = rig.stream("public");
  rig.cut("public");
  rig.advance(2_000);
  rig.adapter.handle({ kind: "stream-closed", stream: old, cause: "late" }, rig.now);
  rig.pump();
  expect(rig.opened("public")).toHaveLength(2);
});

test("[MKT-5] a connection that opens and delivers nothing is dead after the first-message deadline", () => {
  const rig = new Rig();
  rig.keepsTalking = false;
  rig.started();
  rig.advance(13_000);
  const down = rig.notices.filter(({ code }) => code === "STREAM_DOWN").map(({ fields }) => fields["stream"]);
  expect(down.sort()).toEqual(["market", "public"]);
});

test("[MKT-5] a depth stream that falls silent makes its connection dead, though tickers go on (F-25)", () => {
  const rig = quietRig();
  const ticker = {
    e: "bookTicker",
    u: 1,
    s: "BTCUSDT",
    b: "64000.00",
    B: "1.000",
    a: "64000.10",
    A: "1.000",
    T: 1,
    E: 1,
  };
  for (let second = 0; second < 13; second += 1) {
    rig.advance(1_000);
    if (rig.opened("public").length === 1) rig.say("public", ticker);
  }
  expect(rig.notices.filter(({ code }) => code === "STREAM_DOWN").map(({ fields }) => fields["cause"])).toContain(
    "BTCUSDT is silent",
  );
});

/** Two symbols, of which the market speaks of the first only. */
function rigOfTwo(): Rig {
  const { symbols, ...info } = ExchangeInfo.parse(payload("live.rest.exchangeInfo.json"));
  const first = symbols.filter(({ symbol }) => symbol === "BTCUSDT");
  const second = first.map((row) => ({ ...row, symbol: "ETHUSDT" }));
  const rig = new Rig({ symbols: ["BTCUSDT", "ETHUSDT"] });
  return rig.on("GET /fapi/v1/exchangeInfo", () => ok({ ...info, symbols: [...first, ...second] }));
}

test("[F-25] [F-77] a symbol that stays silent does not take the connection from the others again and again", () => {
  const rig = rigOfTwo().started();
  const opened = [10, 60].map((minutes) => {
    rig.advance(minutes * 60_000);
    return rig.opened("public").length;
  });
  expect(opened).toEqual([6, 10]);
});

test("[F-25] a connection on which nobody says anything is opened anew each time", () => {
  const rig = rigOfTwo();
  rig.keepsTalking = false;
  rig.started().advance(10 * 60_000);
  expect(rig.opened("public").length).toBeGreaterThan(12);
});

test("the planned renewal of the session waits for replies that are still to come", () => {
  const rig = new Rig({ replyTimeoutMs: 60_000 }).started();
  rig.advance(23 * 3_600_000 + 15 * 60_000 - 2_000);
  rig.send(stop);
  rig.advance(10_000);
  const before = rig.opened("ws-api").length;
  rig.reply(200, algoBody());
  rig.advance(5_000);
  expect([before, rig.opened("ws-api").length, rig.outcomes()]).toEqual([1, 2, [{ kind: "ok" }]]);
});

test("a connection that closes at once, again and again, is tried ever more rarely (F-67)", () => {
  const rig = new Rig();
  rig.keepsTalking = false;
  rig.started();
  const attemptsIn = (seconds: number): number => {
    const before = rig.opened("public").length;
    for (let second = 0; second < seconds; second += 1) {
      rig.cut("public");
      rig.advance(1_000);
    }
    return rig.opened("public").length - before;
  };
  const [early, late] = [attemptsIn(300), attemptsIn(300)];
  expect([early < 30, late < early]).toEqual([true, true]);
});

test("connections are renewed before the exchange cuts them after a day (F-48)", () => {
  const rig = new Rig().started();
  rig.advance(24 * 3_600_000);
  expect(["public", "market", "private", "ws-api"].map((name) => rig.opened(name as "public").length)).toEqual([
    2, 2, 2, 2,
  ]);
});

/** What the account is set to is looked at again beside it. */
function withoutSetUps(rig: Rig): readonly string[] {
  return rig.kinds().filter((kind) => kind !== "set-up");
}

test("a private stream that comes back is read after it is open (F-07)", () => {
  const rig = new Rig().started();
  rig.events.length = 0;
  rig.cut("private");
  rig.advance(2_000);
  expect(withoutSetUps(rig)).toEqual(["private-stream", "private-stream", "account-snapshot"]);
});

test("an expired listen key leads to one new key, one new connection and one reading of the account (F-34)", () => {
  const rig = new Rig().started();
  rig.events.length = 0;
  const expired = { e: "listenKeyExpired", E: 1, listenKey: "listenkey1" };
  rig.on("POST /fapi/v1/listenKey", () => ok({ listenKey: "listenkey2" }));
  rig.say("private", expired);
  rig.say("private", expired);
  rig.advance(2_000);
  expect([rig.opened("private"), withoutSetUps(rig)]).toEqual([
    ["/private/ws/listenkey1", "/private/ws/listenkey2"],
    ["private-stream", "private-stream", "account-snapshot"],
  ]);
});

test("the listen key is kept alive every 30 minutes", () => {
  const rig = new Rig().started();
  rig.advance(61 * 60_000);
  expect(rig.http("/fapi/v1/listenKey", "PUT")).toHaveLength(2);
});

test("a keep-alive that finds the key gone gets a new key and a new connection (F-06)", () => {
  const rig = new Rig().started();
  rig.on("PUT /fapi/v1/listenKey", () => refusal(-1125, "This listenKey does not exist."));
  rig.on("POST /fapi/v1/listenKey", () => ok({ listenKey: "listenkey2" }));
  rig.advance(31 * 60_000);
  expect(rig.opened("private")).toEqual(["/private/ws/listenkey1", "/private/ws/listenkey2"]);
});

test("[F-06] a keep-alive that is answered with another key means that ours is gone", () => {
  // given: somebody else of the account has closed our key and made another one
  const rig = new Rig().started();
  rig.on("PUT /fapi/v1/listenKey", () => ok({ listenKey: "listenkey2" }));
  rig.on("POST /fapi/v1/listenKey", () => ok({ listenKey: "listenkey2" }));
  // when
  rig.advance(31 * 60_000);
  // then
  expect(rig.opened("private")).toEqual(["/private/ws/listenkey1", "/private/ws/listenkey2"]);
});

test("[F-06] the connection of a key that another one was kept alive for is given up before the new key is there", () => {
  const rig = new Rig().started();
  rig.on("PUT /fapi/v1/listenKey", () => ok({ listenKey: "listenkey2" }));
  rig.on("POST /fapi/v1/listenKey", () => "lost");
  rig.events.length = 0;
  rig.advance(31 * 60_000);
  expect(rig.events.filter(({ kind }) => kind === "private-stream")).toEqual([
    { kind: "private-stream", alive: false },
  ]);
});

test("[F-06] a keep-alive that names no key keeps ours", () => {
  const rig = new Rig().started();
  rig.on("PUT /fapi/v1/listenKey", () => ok({}));
  rig.advance(61 * 60_000);
  expect([rig.opened("private").length, rig.http("/fapi/v1/listenKey", "PUT").length]).toEqual([1, 2]);
});

test("a key that nobody could keep alive for an hour is dead, whatever its connection says (F-06)", () => {
  const rig = new Rig().started();
  rig.on("PUT /fapi/v1/listenKey", () => "lost");
  rig.on("POST /fapi/v1/listenKey", () => "lost");
  rig.events.length = 0;
  rig.advance(61 * 60_000);
  expect(rig.events.filter(({ kind }) => kind === "private-stream")).toEqual([
    { kind: "private-stream", alive: false },
  ]);
});

test("an order that was taken and never spoken of refutes the private stream (F-17)", () => {
  const rig = new Rig();
  rig.opens.delete("ws-api");
  rig.started();
  rig.on("POST /fapi/v1/algoOrder", () => ok(algoBody()));
  rig.send(stop);
  rig.events.length = 0;
  rig.advance(15_000);
  expect(rig.events.slice(0, 2)).toEqual([
    { kind: "private-stream", alive: false },
    { kind: "private-stream", alive: true },
  ]);
});

test("a stop that proves the stop path and is never spoken of refutes the private stream as well (F-17)", () => {
  const rig = new Rig();
  rig.tellsStops = false;
  rig.started();
  rig.advance(15_000);
  expect(rig.events.filter(({ kind }) => kind === "private-stream").slice(0, 3)).toEqual([
    { kind: "private-stream", alive: true },
    { kind: "private-stream", alive: false },
    { kind: "private-stream", alive: true },
  ]);
});

test("an order that the stream spoke of, before or after its reply, refutes nothing", () => {
  const rig = new Rig();
  rig.opens.delete("ws-api");
  rig.started();
  rig.on("POST /fapi/v1/algoOrder", () => {
    rig.say("private", {
      e: "ALGO_UPDATE",
      T: 1,
      E: 1,
      o: {
        caid: stop.clientAlgoId,
        aid: 1,
        o: "STOP_MARKET",
        s: "BTCUSDT",
        S: "SELL",
        X: "NEW",
        ai: "",
        tp: "63900",
        cp: true,
      },
    });
    return ok(algoBody());
  });
  rig.send(stop);
  rig.advance(15_000);
  expect(rig.opened("private")).toHaveLength(1);
});

test("an account that cannot be read is read again, without giving up", () => {
  const rig = new Rig();
  let reads = 0;
  rig.on("GET /fapi/v3/positionRisk", () => {
    reads += 1;
    return reads < 5 ? "lost" : ok([]);
  });
  rig.started();
  rig.advance(60_000);
  expect(rig.kinds().filter((kind) => kind === "account-snapshot")).toHaveLength(1);
});

test.each([
  ["lost", 1, 1],
  ["lost", 2, 2],
  ["refused", 1, 2],
] as const)(
  "[F-07] an answer of the account that is %s %i times takes %i readings of the rest",
  (how, times, readings) => {
    const rig = new Rig();
    let asked = 0;
    rig.on("GET /fapi/v3/positionRisk", () => {
      // Before the rules are known the start asks only what is held.
      if (rig.events.length === 0) return ok([]);
      asked += 1;
      if (asked > times) return ok([]);
      return how === "lost" ? "lost" : { status: 400, body: { code: -1021, msg: "outside of the recvWindow" } };
    });
    rig.started();
    rig.advance(30_000);
    const snapshots = rig.kinds().filter((kind) => kind === "account-snapshot").length;
    expect([snapshots, rig.http("/fapi/v3/balance", "GET").length]).toEqual([1, readings]);
  },
);

test("no notice and no event shows a listen key, a signature or the API key (S-01)", () => {
  const rig = new Rig().started();
  rig.cut("private");
  rig.on("POST /fapi/v1/order", () => "lost");
  rig.advance(60_000);
  expect(stringifyJson([rig.notices, rig.events])).not.toMatch(/listenkey1|5167|test-key/);
});

test("the same script gives the same requests", () => {
  const run = (): unknown => {
    const rig = new Rig().started();
    rig.cut("public");
    rig.cut("market");
    rig.advance(120_000);
    return rig.requests;
  };
  expect(run()).toEqual(run());
});
