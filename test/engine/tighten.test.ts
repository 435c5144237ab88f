import { expect, test } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import { tradeIdFrom } from "../../src/domain/order-id.ts";
import type { Output } from "../../src/domain/output.ts";
import { lots, type Micros, micros, type Ticks, ticks } from "../../src/domain/units.ts";
import { tighten } from "../../src/engine/tighten.ts";
import { TradeManager } from "../../src/execution/trade-manager.ts";
import { instrument, settings, start } from "../support/core.ts";
import { first } from "./support.ts";

/** An order manager that can move stops, and says to where. */
class Tightening extends TradeManager {
  readonly moved: Ticks[] = [];
  tighten(stop: Ticks, _now: Micros): void {
    this.moved.push(stop);
  }
}

function opened(): Tightening {
  const manager = new Tightening(
    {
      instrument,
      settings,
      touch: { bid: ticks(640_000), ask: ticks(640_001) },
      emit: () => undefined,
      enterSafeMode: () => undefined,
      mayEnter: () => true,
      recheck: (_trade, wanted) => wanted,
    },
    () => undefined,
  );
  manager.begin(
    {
      trade: tradeIdFrom("f1"),
      decisionId: "f1",
      source: "decision_file",
      symbol: first,
      side: "buy",
      quantity: lots(10),
      terms: { type: "MARKET" },
      stopLoss: ticks(639_000),
      takeProfit: null,
      holdUntil: micros(start + 60_000_000),
      holdMicros: micros(60_000_000),
      decisionMidHalfTicks: null,
      cooldownMicros: micros(0),
    },
    start,
  );
  return manager;
}

function newer(direction: Decision["direction"], stopLoss: number, source = "decision_file"): Decision {
  return {
    id: "f2",
    symbol: first,
    time: start,
    direction,
    action: "ENTER",
    confidence: null,
    edge: null,
    regime: null,
    style: "TREND",
    entryZone: null,
    stopLoss: ticks(stopLoss),
    takeProfits: [],
    size: null,
    leverage: null,
    holdMicrosMax: null,
    cooldownMicros: null,
    validUntil: start,
    source,
    reasons: [],
  };
}

test("[DEC-6] a stop of a newer decision of the same direction is taken over towards less risk", () => {
  const manager = opened();
  tighten(manager, newer("LONG", 639_500), () => undefined, start);
  expect(manager.moved).toEqual([639_500]);
});

test.each([
  ["risks more", newer("LONG", 638_000)],
  ["risks the same", newer("LONG", 639_000)],
  ["is of the other direction", newer("SHORT", 639_500)],
  ["is of another source", newer("LONG", 639_500, "intents")],
])("[DEC-6] a stop that %s is not taken over", (_name, decision) => {
  const manager = opened();
  tighten(manager, decision, () => undefined, start);
  expect(manager.moved).toEqual([]);
});

test("[DEC-6] where stops cannot be moved that is said", () => {
  const outputs: Output[] = [];
  const manager = opened();
  Object.defineProperty(manager, "tighten", { value: null });
  tighten(manager, newer("LONG", 639_500), (output) => outputs.push(output), start);
  expect(outputs).toMatchObject([{ kind: "notice", code: "STOP_NOT_MOVED" }]);
});
