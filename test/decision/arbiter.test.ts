import { expect, test } from "vitest";
import { arbitrate } from "../../src/decision/arbiter.ts";
import type { Action, Decision, Direction } from "../../src/domain/decision.ts";
import { micros, symbolIndex } from "../../src/domain/units.ts";

const now = micros(1_000);

test("[DEC-2] opposite entries of two sources give NO_TRADE with CONFLICTING_SIGNALS", () => {
  const result = arbitrate([enter("a", "LONG"), enter("b", "SHORT"), enter("c", "LONG")], now);
  expect(result).toMatchObject({ direction: "NO_TRADE", action: "NO_ACTION" });
  expect(result?.reasons[0]).toEqual({ reason: "CONFLICTING_SIGNALS", measured: 1, limit: 0 });
});

test("[DEC-2] of agreeing entries the one of the highest priority is taken as it is", () => {
  const first = enter("a", "SHORT");
  expect(arbitrate([null, first, enter("b", "SHORT")], now)).toBe(first);
});

test("[DEC-2] a source that does not trade vetoes nobody", () => {
  const entry = enter("b", "LONG");
  expect(arbitrate([decision("a", "NO_TRADE", "NO_ACTION"), entry], now)).toBe(entry);
});

test("[DEC-2] an expired decision neither enters nor conflicts", () => {
  const entry = enter("b", "LONG");
  expect(arbitrate([{ ...enter("a", "SHORT"), validUntil: micros(999) }, entry], now)).toBe(entry);
  expect(arbitrate([{ ...entry, validUntil: micros(999) }], now)).toBe(null);
});

test("[DEC-2] a decision is valid up to and including its last microsecond", () => {
  const entry = { ...enter("a", "LONG"), validUntil: now };
  expect(arbitrate([entry], now)).toBe(entry);
});

test("[DEC-2] leaving comes before entering, whoever says it", () => {
  const exit = decision("b", "FLAT", "EXIT");
  expect(arbitrate([enter("a", "LONG"), exit], now)).toBe(exit);
});

test("[DEC-6] a symbol that is to stay flat is entered by nobody, and left as before", () => {
  const flat = decision("b", "FLAT", "HOLD");
  const exit = decision("c", "FLAT", "EXIT");
  expect(arbitrate([enter("a", "LONG"), flat], now)).toBe(flat);
  expect(arbitrate([enter("a", "LONG"), flat, exit], now)).toBe(exit);
});

test("[DEC-2] when nobody trades the reasons of all are given", () => {
  const result = arbitrate([decision("a", "NO_TRADE", "NO_ACTION"), decision("b", "NO_TRADE", "NO_ACTION")], now);
  expect(result?.source).toBe("a");
  expect(result?.reasons.map(({ reason }) => reason)).toEqual(["BECAUSE_A", "BECAUSE_B"]);
});

test("[DEC-2] where nobody says anything there is no decision", () => {
  expect(arbitrate([null, null], now)).toBe(null);
});

function enter(source: string, direction: Direction): Decision {
  return decision(source, direction, "ENTER");
}

function decision(source: string, direction: Direction, action: Action): Decision {
  return {
    id: `${source}-BTCUSDT-1-1`,
    symbol: symbolIndex(0),
    time: micros(900),
    direction,
    action,
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
    validUntil: micros(2_000),
    source,
    reasons: [{ reason: `BECAUSE_${source.toUpperCase()}`, measured: null, limit: null }],
  };
}
