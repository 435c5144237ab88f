import { expect, test } from "vitest";
import { DecisionFileSource } from "../../src/decision/decision-file.ts";
import { IntentSource } from "../../src/decision/intents.ts";
import { PlanSource } from "../../src/decision/plans.ts";
import type { Decision } from "../../src/domain/decision.ts";
import { tradeIdFrom } from "../../src/domain/order-id.ts";
import type { DecisionRow } from "../../src/domain/output.ts";
import type { FileWord, OutsideIntent, Plan, PlanConditions } from "../../src/domain/outside.ts";
import { lots, type Micros, micros, ticks } from "../../src/domain/units.ts";
import { CoreBench, first, journalled, snapshotOf } from "../engine/support.ts";
import { after, settingsWith } from "../support/core.ts";

const settings = settingsWith({ decision_file: { enabled: true }, trading: { normal: { entry_order: "market" } } });

class Bench extends CoreBench {
  readonly rows: DecisionRow[] = [];

  static open(): Bench {
    const bench = new Bench(settings, [
      new IntentSource(settings.intents),
      new PlanSource(settings.plans),
      new DecisionFileSource(settings.decision_file),
    ]);
    bench.tell({ kind: "private-stream", alive: true });
    bench.at(1);
    bench.tell(snapshotOf(0, { requestedAt: after(1) }));
    bench.quote();
    return bench;
  }

  override take(): readonly string[] {
    const commands = super.take();
    for (const output of this.outputs) if (output.kind === "decision") this.rows.push(output);
    return commands;
  }

  intent(decision: Decision, more: Partial<OutsideIntent> = {}): readonly string[] {
    const intent = { decision, stopFraction: null, targetFraction: null, reverse: false, ...more };
    return this.tell({ kind: "outside", symbol: first, to: "intents", intent });
  }

  file(word: FileWord): readonly string[] {
    return this.tell({ kind: "outside", symbol: first, to: "decision_file", word });
  }

  plan(changes: Partial<Plan>): readonly string[] {
    return this.tell({ kind: "outside", symbol: first, to: "plans", plan: { ...plan, ...changes } });
  }

  get plans() {
    const source = this.core.desks[0]?.sources.find((one) => one instanceof PlanSource);
    return source?.plans ?? new Map();
  }

  /** The entry that was sent last is filled. */
  fill(): void {
    const order = [...(this.trade?.orders.values() ?? [])].find(({ role }) => role === "e");
    const quantity = order?.quantity ?? lots(0);
    this.tell({
      kind: "order-report",
      symbol: first,
      clientOrderId: order?.id ?? "",
      orderId: "7",
      status: "FILLED",
      side: order?.side ?? "buy",
      type: "MARKET",
      price: null,
      quantity,
      filled: quantity,
      reduceOnly: false,
      fill: {
        tradeId: "1",
        price: ticks(640_001),
        quantity,
        commission: null,
        commissionAsset: null,
        maker: false,
        time: this.now,
      },
      time: this.now,
      source: "stream",
    });
  }
}

const none: PlanConditions = {
  aboveHalfTicks: null,
  belowHalfTicks: null,
  spreadBpsMax: null,
  volatilityBpsMin: null,
  volatilityBpsMax: null,
  sessions: [],
  scoreMin: null,
};
const plan: Plan = {
  id: "p1",
  symbol: first,
  direction: "LONG",
  entryPrice: ticks(650_000),
  stopLoss: ticks(639_000),
  takeProfit: ticks(651_000),
  volume: lots(5),
  conditions: none,
  createdAt: after(0),
  expiresAt: after(600_000),
};

function decision(id: string, direction: Decision["direction"], changes: Partial<Decision> = {}): Decision {
  return {
    id,
    symbol: first,
    time: after(1),
    direction,
    action: "ENTER",
    confidence: null,
    edge: null,
    regime: null,
    style: "SCALP",
    entryZone: null,
    stopLoss: null,
    takeProfits: [],
    size: null,
    leverage: null,
    holdMicrosMax: null,
    cooldownMicros: null,
    validUntil: after(30_000),
    source: "intents",
    reasons: [],
    ...changes,
  };
}

function ofFile(id: string, direction: Decision["direction"], changes: Partial<Decision> = {}): FileWord {
  const validUntil: Micros = after(600_000);
  return { state: "decision", decision: decision(id, direction, { source: "decision_file", validUntil, ...changes }) };
}

function places(commands: readonly string[]): number {
  return commands.filter((text) => text.startsWith("place-order")).length;
}

test("[DEC-7] an intent enters once, under the trade id that follows from its decision", () => {
  const bench = Bench.open();
  expect(places(bench.intent(decision("i1", "LONG")))).toBe(1);
  expect(bench.trade?.plan.trade).toBe(tradeIdFrom("i1"));
});

test("[DEC-7] of a hundred intents at once each gets exactly one decision, and one enters", () => {
  const bench = Bench.open();
  for (let i = 0; i < 100; i += 1) bench.intent(decision(`i${i}`, "LONG"));
  bench.at(50);
  expect(bench.rows.map(({ decisionId }) => decisionId).sort()).toEqual(
    Array.from({ length: 100 }, (_, i) => `i${i}`).sort(),
  );
  expect(bench.rows.filter(({ approved }) => approved)).toHaveLength(1);
});

test("[DEC-2] an intent that another source contradicts is answered with CONFLICTING_SIGNALS", () => {
  const bench = Bench.open();
  bench.decide(decision("other", "SHORT", { source: "test", confidence: 0 }));
  bench.intent(decision("i1", "LONG"));
  expect(bench.rows.find(({ decisionId }) => decisionId === "i1")?.blocked).toEqual([
    { reason: "CONFLICTING_SIGNALS", measured: 1, limit: 0 },
  ]);
});

test("[DEC-2] an intent whose validity is over is dropped, and says so", () => {
  const bench = Bench.open();
  bench.at(40_000);
  bench.quote();
  expect(places(bench.intent(decision("i1", "LONG")))).toBe(0);
  expect(bench.rows[0]?.blocked[0]?.reason).toBe("DECISION_EXPIRED");
});

test("[DEC-2] a close that comes too late closes nothing", () => {
  const bench = Bench.open();
  bench.intent(decision("i1", "LONG"));
  bench.fill();
  bench.at(40_000);
  const closing = bench.trade?.closing ?? null;
  bench.intent(decision("i2", "FLAT", { action: "EXIT" }));
  expect(bench.trade?.closing ?? null).toBe(closing);
  expect(bench.rows.at(-1)?.blocked[0]?.reason).toBe("DECISION_EXPIRED");
});

test("[DEC-7] an intent waits for market data within its validity", () => {
  const bench = Bench.open();
  bench.at(6_000);
  expect(places(bench.intent(decision("i1", "LONG")))).toBe(0);
  bench.quote();
  expect(places(bench.at(6_200))).toBe(1);
});

test("[DEC-7] CLOSE closes the position whatever the market data", () => {
  const bench = Bench.open();
  bench.intent(decision("i1", "LONG"));
  bench.fill();
  bench.core.onGap(first, bench.now);
  bench.intent(decision("i2", "FLAT", { action: "EXIT" }));
  expect(bench.trade?.closing?.reason).toBe("DECISION_EXIT");
});

test("[DEC-2] what was said once stands in nobody's way afterwards", () => {
  const bench = Bench.open();
  bench.intent(decision("i1", "FLAT", { action: "EXIT" }));
  expect(places(bench.decide(decision("other", "LONG", { source: "test" })))).toBe(1);
});

test("[DEC-7] HOLD is recorded and changes nothing", () => {
  const bench = Bench.open();
  expect(places(bench.intent(decision("i1", "NO_TRADE", { action: "HOLD" })))).toBe(0);
  expect(bench.rows).toMatchObject([{ decisionId: "i1", action: "HOLD", approved: true }]);
});

test("[DEC-7] stop and target of an intent are distances from the price that it pays", () => {
  const bench = Bench.open();
  bench.intent(decision("i1", "LONG"), { stopFraction: 0.00004, targetFraction: 0.001 });
  // 640,001 ticks are the ask; the stop is 25.6 ticks below, nearer than the one that risk would set.
  expect(bench.trade?.plan).toMatchObject({ stopLoss: 639_976, takeProfit: 640_641 });
});

test.each([
  // 106.67 ticks from the touch.
  ["LONG", 640_001 - 106],
  ["SHORT", 640_000 + 106],
] as const)("[RSK-3] the stop of an intent that goes %s is on the tick that risks less", (direction, expected) => {
  const bench = Bench.open();
  bench.intent(decision("i1", direction), { stopFraction: 0.0005 / 3 });
  expect(bench.trade?.plan.stopLoss).toBe(expected);
});

test("[IDM-1] what a journal says was begun is not entered again, whoever says it", () => {
  const bench = new Bench(settings, [
    new IntentSource(settings.intents),
    new DecisionFileSource(settings.decision_file),
  ]);
  bench.tell({ ...journalled([]), begun: [tradeIdFrom("i1"), tradeIdFrom("f1")] });
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(0, { requestedAt: after(1) }));
  bench.quote();
  expect([places(bench.intent(decision("i1", "LONG"))), places(bench.file(ofFile("f1", "LONG")))]).toEqual([0, 0]);
  expect(bench.rows).toEqual([]);
});

test("[DEC-6] a decision of the file is executed once while it stands, also after its trade has ended", () => {
  const bench = Bench.open();
  expect(places(bench.file(ofFile("f1", "LONG")))).toBe(1);
  bench.tell({ kind: "outside", symbol: first, to: "decision_file", word: ofFile("f1", "LONG") });
  bench.quote();
  expect(places(bench.at(4_000))).toBe(0);
});

test("[DEC-6] an entry waits until the price is near its zone, and why is said", () => {
  const bench = Bench.open();
  const zone = { low: ticks(638_000), high: ticks(639_000) };
  expect(places(bench.file(ofFile("f1", "LONG", { entryZone: zone })))).toBe(0);
  expect(bench.blocked).toContain("OUTSIDE_ENTRY_ZONE");
  bench.quote(638_900);
  expect(places(bench.at(2_100))).toBe(1);
});

test("[DEC-6] a stale decision opens nothing and withdraws what waits", () => {
  const bench = Bench.open();
  bench.file(ofFile("f1", "LONG", { validUntil: after(10) }));
  expect(bench.trade?.entryWithdrawn).toBe(false);
  bench.at(2_100);
  expect(bench.trade?.entryWithdrawn).toBe(true);
  bench.at(4_200);
  expect(bench.blocked).toContain("DECISION_STALE");
});

test("[DEC-6] while the file is stale no source enters", () => {
  const bench = Bench.open();
  bench.file(ofFile("f1", "LONG", { validUntil: after(0) }));
  bench.at(100);
  expect(places(bench.decide(decision("other", "LONG", { source: "test" })))).toBe(0);
});

test("[DEC-6] a malformed file means no entries, and a position keeps its protection", () => {
  const bench = Bench.open();
  bench.intent(decision("i1", "LONG"));
  bench.fill();
  bench.file({ state: "malformed", time: bench.now });
  expect(bench.trade?.closing).toBe(null);
  expect(bench.intent(decision("i2", "LONG")).filter((text) => text.startsWith("cancel-algo"))).toEqual([]);
  expect(bench.rows.find(({ decisionId }) => decisionId === "i2")?.blocked[0]?.reason).toBe("DECISION_MALFORMED");
});

test("[DEC-6] flat closes the position", () => {
  const bench = Bench.open();
  bench.file(ofFile("f1", "LONG"));
  bench.fill();
  bench.file(ofFile("f2", "FLAT", { action: "EXIT" }));
  expect(bench.trade?.closing?.reason).toBe("DECISION_EXIT");
});

test("[DEC-6] flat with `on_flat: keep` cancels the entry and leaves the position alone", () => {
  const bench = Bench.open();
  bench.file(ofFile("f1", "LONG"));
  bench.file(ofFile("f2", "FLAT", { action: "HOLD" }));
  expect([bench.trade?.entryWithdrawn, bench.trade?.closing]).toEqual([true, null]);
});

test("[DEC-8] a plan whose conditions hold is executed once", () => {
  const bench = Bench.open();
  expect(places(bench.plan({}))).toBe(1);
  expect(bench.plans.get("p1")?.state).toBe("executed");
  bench.quote();
  expect(places(bench.at(11_000))).toBe(0);
});

test("[DEC-8] the volume of a plan is a ceiling of the entry's size", () => {
  const bench = Bench.open();
  bench.plan({});
  expect(bench.trade?.plan.quantity).toBe(5);
});

test("[DEC-8] a plan waits for its conditions, and says which does not hold", () => {
  const bench = Bench.open();
  expect(places(bench.plan({ conditions: { ...none, aboveHalfTicks: 1_281_000 } }))).toBe(0);
  expect(bench.plans.get("p1")?.checks).toContainEqual({
    condition: "price_above",
    holds: false,
    measured: 640_000.5,
    limit: 640_500,
  });
  bench.at(9_990);
  bench.quote(640_600);
  expect(places(bench.at(10_100))).toBe(1);
});

test.each([
  ["entry_price", { entryPrice: ticks(639_000) }],
  ["price_below", { conditions: { ...none, belowHalfTicks: 1_279_000 } }],
  ["spread_bps_max", { conditions: { ...none, spreadBpsMax: 0.001 } }],
  ["volatility_bps_max", { conditions: { ...none, volatilityBpsMax: -1 } }],
  ["volatility_bps_min", { conditions: { ...none, volatilityBpsMin: 999 } }],
  ["sessions", { conditions: { ...none, sessions: ["NOWHERE"] } }],
  ["score_min", { conditions: { ...none, scoreMin: 5 } }],
] as const)("[DEC-8] a plan does not enter while %s does not hold", (condition, changes) => {
  const bench = Bench.open();
  expect(places(bench.plan(changes))).toBe(0);
  const unmet = bench.plans.get("p1")?.checks.filter(({ holds }: { readonly holds: boolean }) => !holds);
  expect(unmet?.map((check: { readonly condition: string }) => check.condition)).toEqual([condition]);
});

test("[DEC-8] a cancelled plan is not executed", () => {
  const bench = Bench.open();
  bench.plan({ conditions: { ...none, aboveHalfTicks: 1_281_000 } });
  bench.tell({ kind: "outside", symbol: first, to: "plans", cancel: "p1" });
  bench.at(9_990);
  bench.quote(640_600);
  expect(places(bench.at(11_000))).toBe(0);
});

test("[DEC-8] a plan that is cancelled while another one of the same check has its say is not executed", () => {
  const bench = Bench.open();
  const conditions = { ...none, aboveHalfTicks: 1_281_000 };
  const wrongSide = ticks(645_000);
  bench.plan({ conditions, stopLoss: wrongSide });
  bench.plan({ id: "p2", conditions });
  bench.at(9_990);
  bench.quote(640_600);
  bench.now = after(10_001);
  expect(places(bench.tell({ kind: "timer" }))).toBe(0);
  expect(places(bench.tell({ kind: "outside", symbol: first, to: "plans", cancel: "p2" }))).toBe(0);
});

test("[DEC-8] a plan expires", () => {
  const bench = Bench.open();
  bench.plan({ conditions: { ...none, aboveHalfTicks: 1_281_000 }, expiresAt: after(5_000) });
  bench.at(9_990);
  bench.quote(640_600);
  expect(places(bench.at(11_000))).toBe(0);
  expect(bench.plans.get("p1")?.state).toBe("expired");
});

test("[DEC-8] what risk has against a plan is remembered, and it is tried again at the next check", () => {
  const bench = Bench.open();
  bench.tell({ kind: "control", by: "test", action: "halt" });
  expect(places(bench.plan({}))).toBe(0);
  expect(bench.plans.get("p1")?.blocked[0]?.reason).toBe("HALTED");
  bench.tell({ kind: "control", by: "test", action: "resume" });
  bench.at(9_990);
  bench.quote();
  expect(places(bench.at(10_100))).toBe(1);
});

test("[DEC-7] a reversal closes first, and enters the other way when nothing is open", () => {
  const bench = Bench.open();
  bench.intent(decision("i1", "LONG"));
  bench.fill();
  bench.intent(decision("i2", "FLAT", { action: "EXIT" }), { reverse: true });
  expect(bench.rows.at(-1)).toMatchObject({ decisionId: "i2-close", action: "EXIT" });
  expect(bench.trade?.closing?.reason).toBe("DECISION_EXIT");
  expect(micros(bench.now)).toBeGreaterThan(0);
});
