/**
 * Shows the machinery and is no strategy: it enters long and short in turn, whatever the market does, so that orders,
 * stops and exits can be watched on paper. Refused on production (DEC-2).
 */

import type { Settings } from "../config/schema.ts";
import type { Decision, Evidence } from "../domain/decision.ts";
import type { BlockReason } from "../domain/reason.ts";
import { type Micros, micros, microsFromMillis, microsFromSeconds, microsPerSecond } from "../domain/units.ts";
import { type DecisionSource, ModelStateError, plainDecision, type SourceContext } from "./source.ts";

const version = 1;

/** Marks every entry of this source for what it is. */
const demoEvidence: Evidence = { reason: "DEMO", measured: null, limit: null };

export class DemoSource implements DecisionSource {
  readonly name = "demo";
  private interval: Micros;
  private hold: Micros;
  private validity: Micros;
  private cooldown: Micros;
  private due: Micros = micros(0);
  private lastEntry: number | null = null;
  private long = true;
  private counter = 0;

  constructor(settings: Settings["decision"]["demo"]) {
    this.interval = microsFromSeconds(settings.interval_seconds);
    this.hold = microsFromSeconds(settings.hold_seconds);
    this.validity = microsFromMillis(settings.validity_ms);
    this.cooldown = microsFromSeconds(settings.cooldown_seconds);
  }

  configure({ demo }: Settings["decision"]): void {
    this.interval = microsFromSeconds(demo.interval_seconds);
    this.hold = microsFromSeconds(demo.hold_seconds);
    this.validity = microsFromMillis(demo.validity_ms);
    this.cooldown = microsFromSeconds(demo.cooldown_seconds);
  }

  observe(context: SourceContext, now: Micros): void {
    if (now < this.due && this.wants(context, now)) this.due = now;
  }

  decide(context: SourceContext, now: Micros): Decision {
    this.due = micros(now + this.interval);
    this.counter++;
    if (!this.wants(context, now)) {
      return plainDecision(this.name, context, now, this.counter, this.validity, "NO_TRADE", [this.idle(now)]);
    }
    const direction = this.long ? "LONG" : "SHORT";
    this.long = !this.long;
    this.lastEntry = now;
    const entry = plainDecision(this.name, context, now, this.counter, this.validity, direction, [demoEvidence]);
    return { ...entry, holdMicrosMax: this.hold, cooldownMicros: this.cooldown };
  }

  nextDecision(): Micros {
    return this.due;
  }

  onGap(): void {
    // It learns nothing, so it has nothing to forget.
  }

  save(): unknown {
    return { version, lastEntry: this.lastEntry, long: this.long, counter: this.counter };
  }

  restore(state: unknown): void {
    if (!isDemoState(state)) throw new ModelStateError(`demo: state is not of version ${version}`);
    this.lastEntry = state.lastEntry;
    this.long = state.long;
    this.counter = state.counter;
  }

  private wants(context: SourceContext, now: Micros): boolean {
    if (this.lastEntry !== null && now - this.lastEntry < this.interval) return false;
    return !context.tradeOpen && context.market.isReady(now);
  }

  private idle(now: Micros): Evidence<BlockReason> {
    return {
      reason: "DEMO_IDLE",
      measured: this.lastEntry === null ? null : (now - this.lastEntry) / microsPerSecond,
      limit: this.interval / microsPerSecond,
    };
  }
}

type DemoState = {
  readonly version: 1;
  readonly lastEntry: number | null;
  readonly long: boolean;
  readonly counter: number;
};

function isDemoState(state: unknown): state is DemoState {
  if (typeof state !== "object" || state === null) return false;
  if (!("version" in state && "lastEntry" in state && "long" in state && "counter" in state)) return false;
  return (
    state.version === version &&
    (state.lastEntry === null || Number.isSafeInteger(state.lastEntry)) &&
    typeof state.long === "boolean" &&
    Number.isSafeInteger(state.counter)
  );
}
