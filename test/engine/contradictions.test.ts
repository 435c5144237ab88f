import { expect, test } from "vitest";
import { micros, microsPerMinute, signedLots, symbolIndex } from "../../src/domain/units.ts";
import { Contradictions } from "../../src/engine/contradictions.ts";

const symbol = symbolIndex(0);
const positions = { own: signedLots(0), reported: signedLots(6) };
const [first, later] = [micros(1_000), micros(5_000)];

test("[I-18] the same contradiction is one episode, also where a read agrees in between", () => {
  const contradictions = new Contradictions();
  contradictions.told(symbol, positions, first);
  contradictions.settle(symbol);
  expect(contradictions.told(symbol, positions, later)).toBe(first);
});

test("[I-18] once the books have followed the exchange it is another one", () => {
  const contradictions = new Contradictions();
  contradictions.told(symbol, positions, first);
  contradictions.end(symbol);
  expect(contradictions.told(symbol, positions, later)).toBe(later);
});

test("[I-18] one that was not read for a minute has come anew", () => {
  const contradictions = new Contradictions();
  contradictions.told(symbol, positions, first);
  const anew = micros(first + microsPerMinute);
  expect(contradictions.told(symbol, positions, anew)).toBe(anew);
});
