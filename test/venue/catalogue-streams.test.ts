/** Cases of the failure catalogue about connections and the book, told at the adapter's transport port. */

import { expect, test } from "vitest";
import type { StreamName } from "../../src/venue/transport.ts";
import { algoBody, depthBody, ok, Rig, restRig, stop } from "./support.ts";

const streams: readonly StreamName[] = ["public", "market", "private", "ws-api"];

function diff(U: number, u: number, pu: number, symbol = "BTCUSDT"): unknown {
  return { e: "depthUpdate", E: 1, T: 1, s: symbol, U, u, pu, b: [["64000.00", "1.000"]], a: [["64000.10", "0.000"]] };
}

/** A book that is joined, on streams that say only what the test says. */
function joined(): Rig {
  const rig = new Rig();
  rig.keepsTalking = false;
  rig.started();
  rig.say("public", diff(95, 105, 90));
  rig.market.length = 0;
  return rig;
}

const breaks: readonly (readonly [string, (rig: Rig) => void])[] = [
  ["one is lost", (rig) => rig.say("public", diff(111, 115, 110))],
  [
    "two change places",
    (rig) => {
      rig.say("public", diff(111, 115, 110));
      rig.say("public", diff(106, 110, 105));
    },
  ],
  ["the connection breaks", (rig) => rig.cut("public")],
];

test.each(breaks)("[F-47] of the changes of the book %s: it is given up before another change counts", (_, happens) => {
  // given
  const rig = joined();
  // when
  happens(rig);
  // then
  expect(rig.market).toEqual(["gap 0"]);
});

test.each(breaks)("[F-47] after %s the book is another snapshot, joined where it belongs", (_, happens) => {
  // given
  const rig = joined();
  happens(rig);
  rig.on("GET /fapi/v1/depth", () => ok(depthBody(205)));
  rig.market.length = 0;
  // when
  rig.advance(2_000);
  rig.say("public", diff(200, 210, 199));
  rig.advance(2_000);
  rig.say("public", diff(211, 220, 210));
  // then
  expect(rig.market.filter((name) => !name.startsWith("gap"))).toEqual([
    "snapshot 0 205",
    "depth 0 210",
    "depth 0 220",
  ]);
});

test("[F-47] a change that is told twice counts once", () => {
  const rig = joined();
  rig.say("public", diff(106, 110, 105));
  rig.say("public", diff(106, 110, 105));
  expect(rig.market).toEqual(["depth 0 110"]);
});

test.each([100, 1_000, 30_000])(
  "[F-67] all connections flap every %i ms for an hour: never more than 300 attempts in five minutes",
  (ms) => {
    // given
    const rig = new Rig().started();
    const attempts = (): number => streams.reduce((sum, name) => sum + rig.opened(name).length, 0);
    const minutes: number[] = [];
    // when
    for (let minute = 0; minute < 60; minute += 1) {
      const before = attempts();
      for (let passed = 0; passed < 60_000; passed += ms) {
        for (const name of streams) rig.cut(name);
        rig.advance(ms);
      }
      minutes.push(attempts() - before);
    }
    // then
    const fives = minutes.slice(4).map((_, end) => minutes.slice(end, end + 5).reduce((sum, count) => sum + count, 0));
    expect(Math.max(...fives)).toBeLessThanOrEqual(300);
  },
);

test("[F-67] after an hour of flapping there is one connection of each kind, and what older ones say is nobody's", () => {
  // given
  const rig = new Rig().started();
  const old: number[] = [];
  for (let turn = 0; turn < 100; turn += 1) {
    for (const name of streams) {
      old.push(rig.stream(name));
      rig.cut(name);
    }
    rig.advance(36_000);
  }
  rig.advance(120_000);
  const [opened, events] = [streams.map((name) => rig.opened(name).length), rig.events.length];
  // when: late words of all that are gone
  for (const stream of new Set(old)) {
    rig.adapter.handle({ kind: "stream-open", stream }, rig.now);
    rig.adapter.onStreamMessage(stream, new TextEncoder().encode('{"e":"listenKeyExpired","E":1}'), rig.now);
    rig.adapter.handle({ kind: "stream-closed", stream, cause: "late" }, rig.now);
    rig.pump();
  }
  rig.advance(2_000);
  // then
  expect([streams.map((name) => rig.opened(name).length), rig.events.length]).toEqual([opened, events]);
});

test.each(streams)("[F-67] the connection %s closes before it stood: another attempt comes, one at a time", (name) => {
  // given
  const rig = new Rig();
  rig.opens.delete(name);
  rig.started();
  // when
  for (let turn = 0; turn < 5; turn += 1) {
    rig.cut(name);
    rig.cut(name);
    rig.advance(30_000);
  }
  rig.opens.add(name);
  rig.advance(60_000);
  const before = rig.opened(name).length;
  rig.advance(120_000);
  // then
  expect([before > 1, rig.opened(name).length]).toEqual([true, before]);
});

test("[F-86] snapshots lag behind the stream for ten minutes: few are asked for, and a stop goes at once", () => {
  // given
  const rig = restRig().started();
  rig.keepsTalking = false;
  rig.on("GET /fapi/v1/depth", () => ok(depthBody(1)));
  rig.on("POST /fapi/v1/algoOrder", () => ok(algoBody()));
  const before = rig.http("/fapi/v1/depth").length;
  // when: each second a change that no snapshot reaches, after one was lost
  for (let second = 0; second < 600; second += 1) {
    const id = 1_000_000 + 10 * second;
    rig.say("public", diff(id, id + 9, id - 1));
    rig.say("market", { e: "markPriceUpdate", E: 1, s: "BTCUSDT", p: "64000.0", r: "0.0001", T: 1 });
    rig.advance(1_000);
  }
  const asked = rig.http("/fapi/v1/depth").length - before;
  rig.send(stop);
  // then
  expect([asked > 1, asked <= 50, rig.http("/fapi/v1/algoOrder", "POST").length]).toEqual([true, true, 1]);
});
