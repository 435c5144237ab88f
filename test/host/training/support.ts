/** Tapes made for training: a market that can be forecast, and one that cannot. */

import { askSide, bidSide, depthLevels } from "../../../src/domain/market-port.ts";
import { lots, micros, symbolIndex, ticks } from "../../../src/domain/units.ts";
import { TapeBuilder } from "../../../src/tape/builder.ts";
import { rowWidth, type Tape } from "../../../src/tape/format.ts";
import { Random } from "../../../src/tape/random.ts";

const startOfTape = 1_721_347_200_000_000;
const stepMicros = 250_000;

/**
 * One touch every quarter of a second. With `signal` above ½ the heavier side of the touch says where the mid goes next,
 * so often right; at ½ it says nothing.
 */
export function madeTape(touches: number, signal: number, seed = 1): Tape {
  const random = new Random(seed);
  const builder = new TapeBuilder();
  const symbol = symbolIndex(0);
  const levels = depthLevels(2);
  levels.count = 2;
  levels.side.set([bidSide, askSide]);
  let bid = 640_000;
  for (let touch = 0; touch < touches; touch += 1) {
    const time = micros(startOfTape + touch * stepMicros);
    const goesUp = random.uniform() < 0.5;
    const saysUp = random.uniform() < signal ? goesUp : !goesUp;
    const [bidLots, askLots] = saysUp ? [80 + random.below(20), 5] : [5, 80 + random.below(20)];
    levels.price.set([bid, bid + 1]);
    levels.size.set([bidLots, askLots]);
    levels.firstId = levels.lastId = levels.previousId = touch + 1;
    if (touch % 20 === 0) builder.onSnapshot(symbol, levels, time, time);
    builder.onBookTicker(symbol, touch + 1, ticks(bid), lots(bidLots), ticks(bid + 1), lots(askLots), time, time);
    if (touch % 7 === 0) builder.onTrade(symbol, touch + 1, ticks(bid), lots(1 + random.below(9)), saysUp, time, time);
    bid += goesUp ? 1 : -1;
  }
  return builder.build({
    symbol: "BTCUSDT",
    tickSize: "0.10",
    stepSize: "0.001",
    source: "made",
    licence: "none",
    clockShift: micros(0),
    derived: [],
    dropped: {},
  });
}

/** The first events of a tape. */
export function cut(tape: Tape, events: number): Tape {
  return { ...tape, length: events, rows: tape.rows.slice(0, events * rowWidth) };
}
