/** A check that passes; tests change one thing at a time. */

import type { Decision } from "../../src/domain/decision.ts";
import type { SessionState } from "../../src/domain/session.ts";
import { micros, microsFromSeconds, type Ticks, ticks } from "../../src/domain/units.ts";
import { checkRisk, type RiskInput } from "../../src/risk/engine.ts";
import { microsPerDay, newSession, type SessionSettings } from "../../src/risk/session.ts";
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
  const input = { ...plain, ...changes };
  return { ...input, entryPrice: changes.entryPrice ?? touchFor(input) };
}

/** The side of the touch that the entry joins, or takes. */
function touchFor({ settings: { trading }, side, bid, ask }: Omit<RiskInput, "entryPrice">): Ticks {
  const joinsBid = side === "buy" ? trading.normal.entry_order === "limit" : trading.normal.entry_order === "market";
  return joinsBid ? bid : ask;
}

const plain: Omit<RiskInput, "entryPrice"> = {
  decision: decisionOf(),
  instrument,
  settings,
  side: "buy",
  bid: ticks(640_000),
  ask: ticks(640_001),
  atrTicks: 300,
  equity: 10_000,
  markedEquity: 10_000,
  available: 10_000,
  accountAge: microsFromSeconds(1),
  committedLots: 0,
  openPositions: 0,
  maintenance: [{ upTo: 300_000, rate: 0.004 }],
  cooldownUntil: micros(0),
  accountExposure: 0,
  realisedBps: 4,
  recentReturn: 0,
  session: sessionOf(),
  makerFee: 0.0002,
  takerFee: 0.0005,
  costToFill: (side) => (side === "buy" ? 640_001 : 640_000),
  fundingRate: 0.0001,
  nextFunding: after(3_600_000),
};

/** The day in which tests begin, and when it ends. */
export const today = Math.floor(start / microsPerDay);
export const midnight = micros((today + 1) * microsPerDay);

export function limits(changes: Partial<SessionSettings["session"]> = {}, drawdownPct = 0.1): SessionSettings {
  return { session: { ...settings.risk.session, ...changes }, drawdownPct };
}

export const usual = limits();

/** A day that began with 10,000 USDT and has seen nothing else. */
export function sessionOf(changes: Partial<SessionState> = {}): SessionState {
  return {
    ...newSession(start),
    dayStartEquity: 10_000,
    limitEquity: 10_000,
    dayPeakEquity: 10_000,
    peakEquity: 10_000,
    ...changes,
  };
}

/** The reasons against the entry; none when it is approved. */
export function reasonsAgainst(changes: Partial<RiskInput>): readonly string[] {
  const result = checkRisk(inputOf(changes), start);
  return result.approved ? [] : result.reasons.map(({ reason }) => reason);
}
