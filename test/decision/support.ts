/** A market that is driven step by step, with the sources that watch it called as the engine calls them. */

import { ensembleHorizons } from "../../src/decision/ensemble/forecasters.ts";
import type { DecisionSource, SourceContext } from "../../src/decision/source.ts";
import type { Decision } from "../../src/domain/decision.ts";
import { lots, type Micros, microsPerSecond, signedLots, ticks } from "../../src/domain/units.ts";
import { Features } from "../../src/market/features.ts";
import { SymbolMarket } from "../../src/market/symbol-market.ts";
import { after, instrument, makeReady, quote, settings, trade } from "../market/support.ts";

export const ensembleSettings = {
  ...settings.decision.ensemble,
  horizons_seconds: [1, 2],
  warmup_labels: 30,
  learning_rate: 0.05,
};

export type Step =
  | {
      readonly kind: "touch";
      readonly bid: number;
      readonly bidLots: number;
      readonly askLots: number;
      readonly wait: number;
    }
  | { readonly kind: "trade"; readonly size: number; readonly sell: boolean; readonly wait: number }
  | { readonly kind: "gap"; readonly wait: number };

export class Stage {
  readonly market = new SymbolMarket(instrument, settings.market);
  readonly features = new Features(ensembleHorizons(ensembleSettings), settings.market.depth_levels);
  readonly decisions: Decision[] = [];
  elapsed = 0;
  tradeOpen = false;
  private readonly source: DecisionSource;
  private id = 1;

  constructor(create: (features: Features) => DecisionSource) {
    this.source = create(this.features);
    makeReady(this.market, after(0), this.id);
  }

  get now(): Micros {
    return after(this.elapsed);
  }

  get context(): SourceContext {
    return { market: this.market, features: this.features, position: signedLots(0), tradeOpen: this.tradeOpen };
  }

  play(steps: readonly Step[]): this {
    for (const step of steps) this.step(step);
    return this;
  }

  private step(step: Step): void {
    this.elapsed += step.wait;
    this.id++;
    switch (step.kind) {
      case "touch":
        quote(this.market, this.id, [step.bid, step.bidLots], [step.bid + 1, step.askLots], this.now);
        this.features.onTouch(this.market, this.now);
        break;
      case "trade":
        trade(this.market, this.market.bid, step.size, step.sell, this.now);
        this.features.onTrade(ticks(this.market.bid), lots(step.size), step.sell, this.now);
        break;
      case "gap":
        this.market.onGap();
        this.features.onGap();
        this.source.onGap();
        return;
      default:
        throw new TypeError(`unknown step ${step satisfies never}`);
    }
    this.source.observe(this.context, this.now);
    if (this.now < this.source.nextDecision()) return;
    const decision = this.source.decide(this.context, this.now);
    if (decision !== null) this.decisions.push(decision);
  }
}

/** Keeps book and mark fresh, which the steps do not touch. */
export function refresh(stage: Stage): void {
  makeReady(stage.market, stage.now, 1_000_000 + stage.elapsed);
}

/**
 * A market that can be forecast: a heavy bid is followed by a rise, a heavy ask by a fall, and the sides change in
 * stretches of `stretch` steps of 100 ms.
 */
export function forecastable(steps: number, stretch = 15): Step[] {
  let bid = 640_000;
  return Array.from({ length: steps }, (_, i) => {
    const rising = Math.floor(i / stretch) % 2 === 0;
    bid += rising ? 1 : -1;
    return {
      kind: "touch",
      bid,
      bidLots: rising ? 90 : 10,
      askLots: rising ? 10 : 90,
      wait: 0.1 * microsPerSecond,
    };
  });
}

/** A market that cannot: moves and sizes come from an independent generator. */
export function random(steps: number, seed = 1): Step[] {
  let state = seed;
  const draw = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  let bid = 640_000;
  return Array.from({ length: steps }, () => {
    bid += draw() < 0.5 ? 1 : -1;
    return {
      kind: "touch",
      bid,
      bidLots: 1 + Math.floor(draw() * 100),
      askLots: 1 + Math.floor(draw() * 100),
      wait: 0.1 * microsPerSecond,
    };
  });
}
