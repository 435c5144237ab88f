/** Nothing that comes later may change what was said earlier, in training as little as live. */

import { expect, test } from "vitest";
import { Settings } from "../../../src/config/schema.ts";
import { EnsembleSource } from "../../../src/decision/ensemble/ensemble.ts";
import { at, present } from "../../../src/domain/assert.ts";
import type { MarketSink } from "../../../src/domain/market-port.ts";
import { signedLots, symbolIndex } from "../../../src/domain/units.ts";
import { evaluate } from "../../../src/host/training/evaluation.ts";
import { tapeInstrument } from "../../../src/host/training/instrument.ts";
import { type TrainingRows, trainingRows } from "../../../src/host/training/rows.ts";
import {
  type Forecasts,
  labelsOf,
  learnOnline,
  unknown,
  walkForward,
} from "../../../src/host/training/walk-forward.ts";
import { Features } from "../../../src/market/features.ts";
import { SymbolMarket } from "../../../src/market/symbol-market.ts";
import type { Tape } from "../../../src/tape/format.ts";
import { TapeCursor } from "../../../src/tape/player.ts";
import { Random } from "../../../src/tape/random.ts";
import { readTape } from "../../../src/tape/reader.ts";
import { cut, madeTape } from "./support.ts";

const settings = Settings.parse({ decision: { ensemble: { warmup_labels: 30, horizons_seconds: [2, 10] } } });
const { ensemble } = settings.decision;
const recorded = readTape("config/tapes/ETHUSDT-20240719.arrow");

function forecastsOf(tape: Tape): { readonly rows: TrainingRows; readonly all: readonly Forecasts[] } {
  const rows = trainingRows([tape], settings);
  const all = rows.horizons.flatMap((_, h) => [walkForward(rows, h, ensemble), learnOnline(rows, h, ensemble)]);
  return { rows, all };
}

test("[DEC-3] cutting a recorded tape at any event changes no forecast before the cut", () => {
  const random = new Random(5);
  const tape = cut(recorded, 40_000);
  const whole = forecastsOf(tape);
  for (let time = 0; time < 12; time += 1) {
    const part = forecastsOf(cut(tape, 2_000 + random.below(38_000)));
    expect(part.rows.count).toBeGreaterThan(10);
    for (const [index, forecasts] of part.all.entries()) {
      const same = present(whole.all[index], "forecasts");
      for (const column of ["said", "logits", "base"] as const) {
        expect(forecasts[column]).toEqual(same[column].slice(0, part.rows.count));
      }
    }
  }
});

test("[DEC-3] another future changes no forecast of the past", () => {
  // Goal: not only a shorter tape, but one that goes on differently. Method: two markets with one beginning.
  const beginning = madeTape(1_500, 0.8, 1);
  const first = forecastsOf(beginning);
  const other = forecastsOf({ ...beginning, rows: beginning.rows.map((value, i) => turned(value, i, beginning)) });
  const cutAt = Math.floor(first.rows.count / 2) - 50;
  for (const [index, forecasts] of first.all.entries()) {
    const different = present(other.all[index], "forecasts");
    expect(different.said.slice(0, cutAt)).toEqual(forecasts.said.slice(0, cutAt));
    expect(different.said).not.toEqual(forecasts.said);
  }
});

/** From the middle on, the sizes of the touch change sides. */
function turned(value: number, index: number, tape: Tape): number {
  const place = index % 8;
  const isLate = index > tape.rows.length / 2 + 8;
  const isTouch = at(tape.rows, index - place) === 0;
  if (!isLate || !isTouch || (place !== 5 && place !== 7)) return value;
  return at(tape.rows, index - place + (place === 5 ? 7 : 5));
}

test("[DEC-3] a forecast is made only once the warm-up's labels have matured", () => {
  const rows = trainingRows([madeTape(400, 0.9)], settings);
  const { said } = walkForward(rows, 0, ensemble);
  const labels = labelsOf(rows, 0);
  const first = said.findIndex((value) => !Number.isNaN(value));
  const time = at(rows.times, first);
  const matured = [...labels].filter((label, row) => label < 2 && at(rows.times, row) + at(rows.horizons, 0) < time);
  expect(matured.length).toBe(30);
});

test("[DEC-3] labels at the end of a tape, and before a gap, are not known", () => {
  const rows = trainingRows([madeTape(100, 0.5)], settings);
  const labels = labelsOf(rows, 0);
  // 2 s are eight rows, and "before the horizon's end" is one more.
  expect([...labels].map((label) => label === unknown).lastIndexOf(false)).toBe(rows.count - 10);
  const two = trainingRows([madeTape(100, 0.5), later(madeTape(100, 0.5))], settings);
  expect(two.count).toBe(2 * rows.count);
  expect([...labelsOf(two, 0)].filter((label) => label === unknown)).toHaveLength(18);
});

function later(tape: Tape): Tape {
  return { ...tape, rows: tape.rows.map((value, i) => (i % 8 === 1 || i % 8 === 2 ? value + 1e9 : value)) };
}

test("[DEC-3] training sees the very rows that the running ensemble sees", () => {
  // Goal: one set of features and labels. Method: the source on the tape, and the same learning over the rows of training.
  const tape = cut(recorded, 30_000);
  const rows = trainingRows([tape], settings);
  const source = played(tape);
  for (const [h, report] of source.report().entries()) {
    const { labels, unchanged, logLoss, brier } = evaluate(rows, h, learnOnline(rows, h, ensemble), {
      minEdge: 0,
      takerFee: 0,
    });
    expect(labels).toBe(report.labels);
    expect(unchanged).toBe(report.unchanged);
    expect(logLoss).toBeCloseTo(report.logLoss ?? 0, 12);
    expect(brier).toBeCloseTo(report.brier ?? 0, 12);
  }
});

/** The source as the engine drives it. */
function played(tape: Tape): EnsembleSource {
  const market = new SymbolMarket(tapeInstrument(tape.metadata), settings.market);
  const features = new Features(
    ensemble.horizons_seconds.map((seconds) => seconds * 1e6),
    settings.market.depth_levels,
  );
  const source = new EnsembleSource(ensemble, features);
  const context = { market, features, position: signedLots(0), tradeOpen: false };
  const sink: MarketSink = {
    onBookTicker: (_symbol, id, bid, bidLots, ask, askLots, time, at) => {
      if (!market.onBookTicker(id, bid, bidLots, ask, askLots, time, at)) return;
      features.onTouch(market, at);
      source.observe(context, at);
    },
    onSnapshot: (_symbol, levels, time, at) => {
      market.onSnapshot(levels, time, at);
      features.onDepth(market);
    },
    onDepth: (_symbol, levels, time, at) => {
      market.onDepth(levels, time, at);
      features.onDepth(market);
    },
    onTrade: (_symbol, id, price, quantity, isMaker, time, at) => {
      market.onTrade(id, price, quantity, isMaker, time, at);
      features.onTrade(price, quantity, isMaker, at);
      source.observe(context, at);
    },
    onMark: (_symbol, mark, rate, next, time, at) => market.onMark(mark, rate, next, time, at),
    onGap: () => undefined,
  };
  const cursor = new TapeCursor(tape, symbolIndex(0));
  while (cursor.nextTime !== Number.POSITIVE_INFINITY) cursor.deliver(sink);
  return source;
}
