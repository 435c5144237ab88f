import { expect, test } from "vitest";
import { differencesOf } from "../../src/faults/differences.ts";
import { Truth } from "../../src/faults/judge/truth.ts";
import { settingsOf } from "../../src/faults/settings.ts";
import { World, type WorldObserver } from "../../src/faults/world.ts";

const nothing = (): void => undefined;
const second = 1_000_000;

/** A world in which the exchange has had prices for a while, and what it has said of the account. */
function worldAndTruth(): { readonly world: World; readonly truth: Truth } {
  const truth = new Truth([
    { symbol: "BTCUSDT", tick: 0.1, step: 0.001 },
    { symbol: "ETHUSDT", tick: 0.01, step: 0.001 },
  ]);
  const observer: WorldObserver = {
    onSent: nothing,
    onArrived: nothing,
    onAnswered: nothing,
    onReply: nothing,
    onTold: nothing,
    onTruth: (event) => truth.take(event),
    onRow: nothing,
    onMarket: nothing,
    onBook: nothing,
    onAlert: nothing,
    onNotice: nothing,
    onOther: nothing,
    onControl: nothing,
    onStart: nothing,
    onStoreFailed: nothing,
    onEnd: nothing,
    onBroken: nothing,
    onTurn: nothing,
    onStep: nothing,
  };
  const effects = { requestEffect: () => null, messageEffect: () => null };
  const world = new World({ seed: 7, settings: settingsOf(7), isMarketSteady: false, tapes: null, effects, observer });
  world.run(world.start + 20 * second);
  return { world, truth };
}

/** @returns where the stop lies, ticks */
function buyByHand(world: World): number {
  const trigger = Math.round(world.market.bid(1) * 0.98);
  world.byHand("POST", "/fapi/v1/order", { symbol: "ETHUSDT", side: "BUY", type: "MARKET", quantity: "0.005" });
  world.byHand("POST", "/fapi/v1/algoOrder", {
    algoType: "CONDITIONAL",
    symbol: "ETHUSDT",
    side: "SELL",
    type: "STOP_MARKET",
    triggerPrice: (trigger * 0.01).toFixed(2),
    quantity: "0.005",
    reduceOnly: "true",
    clientAlgoId: "by-hand",
  });
  return trigger;
}

test("[SIM-3] a position that a daemon is not there to see is a difference, with what rests for it", () => {
  const { world, truth } = worldAndTruth();
  const trigger = buyByHand(world);
  expect(differencesOf(world, truth)).toEqual([
    "BTCUSDT the same",
    "  exchange: 0 lots, covered",
    "  daemon: down",
    "ETHUSDT DIFFERENT",
    "  exchange: 5 lots, covered",
    `    STOP_MARKET by-hand SELL 5 lots at ${trigger}, NEW`,
    "  daemon: down",
  ]);
});

test("[SIM-3] what the daemon has taken over is the same, with its stop", () => {
  const { world, truth } = worldAndTruth();
  buyByHand(world);
  world.boot();
  world.run(world.now + 30 * second);
  const lines = differencesOf(world, truth);
  expect(lines.filter((line) => line.endsWith("the same"))).toEqual(["BTCUSDT the same", "ETHUSDT the same"]);
  expect(lines.find((line) => line.includes("protected"))).toMatch(/^ {4}5 lots, stop at \d+, protected$/);
});
