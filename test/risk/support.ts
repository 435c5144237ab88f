/** A check that passes; tests change one thing at a time. */

import type { Decision } from "../../src/domain/decision.ts";
import { micros, microsFromSeconds, ticks } from "../../src/domain/units.ts";
import { checkRisk, type RiskInput } from "../../src/risk/engine.ts";
import { after, instrument, settings, start } from "../support/core.ts";

export function decisionOf(changes: Partial<Decision> = {}): Decision {
  return {
    id: "d1",
    symbol: instrument.index,
    time: start,
    direction: "LONG",
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
    validUntil: after(500),
    source: "test",
    reasons: [],
    ...changes,
  };
}

export function inputOf(changes: Partial<RiskInput> = {}): RiskInput {
  return {
    decision: decisionOf(),
    instrument,
    settings,
    side: "buy",
    bid: ticks(640_000),
    ask: ticks(640_001),
    atrTicks: 300,
    equity: 10_000,
    available: 10_000,
    accountAge: microsFromSeconds(1),
    committedLots: 0,
    openPositions: 0,
    cooldownUntil: micros(0),
    ...changes,
  };
}

/** The reasons against the entry; none when it is approved. */
export function reasonsAgainst(changes: Partial<RiskInput>): readonly string[] {
  const result = checkRisk(inputOf(changes), start);
  return result.approved ? [] : result.reasons.map(({ reason }) => reason);
}
