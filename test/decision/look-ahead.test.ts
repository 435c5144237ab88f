import fc from "fast-check";
import { expect, test } from "vitest";
import { ensembleHorizons } from "../../src/decision/ensemble/forecasters.ts";
import type { DecisionSource, SourceContext } from "../../src/decision/source.ts";
import { createSources } from "../../src/decision/sources.ts";
import type { Decision } from "../../src/domain/decision.ts";
import { type Lots, lots, type Micros, micros, priceE8, signedLots, ticks } from "../../src/domain/units.ts";
import { Features } from "../../src/market/features.ts";
import { SymbolMarket } from "../../src/market/symbol-market.ts";
import { history, instrument, message, quote, settings, start } from "../market/support.ts";
import { ensembleSettings } from "./support.ts";

type Happening =
  | { readonly kind: "touch"; readonly move: number; readonly bid: number; readonly ask: number; readonly wait: number }
  | { readonly kind: "trade"; readonly size: number; readonly sell: boolean; readonly wait: number }
  | { readonly kind: "gap"; readonly wait: number };

/** Up to five seconds: longer and the market would be stale. */
const wait = fc.integer({ min: 1, max: 4_000 });

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 200,
    arbitrary: fc.record({
      kind: fc.constant("touch" as const),
      move: fc.integer({ min: -60, max: 60 }),
      bid: fc.integer({ min: 1, max: 90 }),
      ask: fc.integer({ min: 1, max: 90 }),
      wait,
    }),
  },
  {
    weight: 200,
    arbitrary: fc.record({
      kind: fc.constant("trade" as const),
      size: fc.integer({ min: 1, max: 40 }),
      sell: fc.boolean(),
      wait,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("gap" as const), wait }) },
);

test("[DEC-2] no decision of any source changes when what follows it is cut off, or is something else", () => {
  // Goal: nobody looks ahead. Method: two futures after the same past, cut at a random event.
  const list = fc.array(happening, { minLength: 50, maxLength: 250, size: "max" });
  fc.assert(
    fc.property(list, list, fc.nat(), (events, others, draw) => {
      const cut = draw % events.length;
      const past = events.slice(0, cut);
      const alone = play(past);
      const inOneFuture = play(events).slice(0, alone.length);
      const inAnother = play([...past, ...others]).slice(0, alone.length);
      expect(inOneFuture).toEqual(alone);
      expect(inAnother).toEqual(alone);
    }),
    { numRuns: 40 },
  );
});

test("[DEC-2] in these markets every source trades now and then, so that the cuts are about something", () => {
  const decisions = fc
    .sample(fc.array(happening, { minLength: 250, maxLength: 250 }), { numRuns: 30, seed: 3 })
    .flatMap(play);
  const traders = new Set(decisions.filter(({ action }) => action === "ENTER").map(({ source }) => source));
  expect([...traders].toSorted()).toEqual(["demo", "ensemble", "micro_scalp"]);
});

/** Every source on, with thresholds that are easily reached. */
function easySources(features: Features): readonly DecisionSource[] {
  const { micro_scalp } = settings.decision;
  return createSources(
    {
      ...settings.decision,
      ensemble: { ...ensembleSettings, min_edge: 0, min_agreement: 0.1, warmup_labels: 10 },
      micro_scalp: {
        ...micro_scalp,
        enabled: true,
        trade_score: 3,
        filters: { ...micro_scalp.filters, target_bps_min: 0, blocked_sessions: [], range_minutes: 5 },
        location: {
          ...micro_scalp.location,
          minutes_min: 1,
          coverage_min: 0.01,
          tolerance_atr: 2,
          day_range_share: 0.5,
        },
        signals: { ...micro_scalp.signals, volume_ratio_min: 0.5, momentum_atr: 0, wick_share_min: 0.3 },
      },
    },
    "BTCUSDT",
    features,
  );
}

function play(happenings: readonly Happening[]): Decision[] {
  const market = new SymbolMarket(instrument, settings.market);
  const features = new Features(ensembleHorizons(ensembleSettings), settings.market.depth_levels);
  const sources = easySources(features);
  const context: SourceContext = { market, features, position: signedLots(0), tradeOpen: false };
  const decisions: Decision[] = [];
  market.loadCandles(history(20));
  let now: Micros = start;
  let bid = 640_000;
  let id = 1;
  show(market, features, id, bid, lots(5), lots(5), now);
  for (const event of happenings) {
    now = micros(now + event.wait * 1_000);
    id++;
    if (event.kind === "gap") {
      market.onGap();
      features.onGap();
      for (const source of sources) source.onGap();
      continue;
    }
    if (event.kind === "touch") bid += event.move;
    const size = event.kind === "touch" ? ([lots(event.bid), lots(event.ask)] as const) : ([lots(5), lots(5)] as const);
    show(market, features, id, bid, ...size, now);
    if (event.kind === "trade") {
      market.onTrade(id, ticks(bid), lots(event.size), event.sell, now, now);
      features.onTrade(ticks(bid), lots(event.size), event.sell, now);
    }
    for (const source of sources) source.observe(context, now);
    for (const source of sources) {
      const decision = now >= source.nextDecision() ? source.decide(context, now) : null;
      if (decision !== null) decisions.push(decision);
    }
  }
  return decisions;
}

/** Every stream but the trades says something. */
function show(
  market: SymbolMarket,
  features: Features,
  id: number,
  bid: number,
  bidLots: Lots,
  askLots: Lots,
  now: Micros,
): void {
  const levels = [
    { side: "bid", price: bid, size: bidLots },
    { side: "ask", price: bid + 1, size: askLots },
  ] as const;
  market.onSnapshot(message(levels, id), now, now);
  market.onMark(priceE8(64_000 * 1e8), 0.0001, micros(0), now, now);
  quote(market, id, [bid, bidLots], [bid + 1, askLots], now);
  features.onDepth(market);
  features.onTouch(market, now);
}
