/**
 * What spread is usual, weighted with the time that each one stood: over the last minutes, and in each trading session
 * (requirements MKT-3). Spreads change rarely, so most quotes cost two comparisons.
 */

import type { Settings } from "../config/schema.ts";
import { present } from "../domain/assert.ts";
import { microsFromSeconds, microsPerSecond } from "../domain/units.ts";
import { microsPerDay, type SessionSchedule, tradingSessions } from "./trading-sessions.ts";

export const spreadReasons = ["SPREAD_UNKNOWN", "SPREAD_TOO_WIDE", "SPREAD_ABNORMAL", "SPREAD_EXPANDED"] as const;
export type SpreadReason = (typeof spreadReasons)[number];

/** Measured and limit: seconds of observation, basis points, a ratio, a ratio. */
export type SpreadVerdict =
  | { readonly acceptable: true }
  | {
      readonly acceptable: false;
      readonly reason: SpreadReason;
      readonly measured: number | null;
      readonly limit: number;
    };

const acceptable: SpreadVerdict = { acceptable: true };

export class SpreadStatistics {
  private settings: Settings["market"]["spread"];
  private schedule: SessionSchedule;
  private readonly recent = new SpreadMemory();
  private readonly sessions: readonly SpreadMemory[] = tradingSessions.map(() => new SpreadMemory());
  /** of the trading session in which what stands is counted, and its end */
  private session = this.memory(0);
  private sessionEnd = Number.NEGATIVE_INFINITY;
  private spread = 0;
  /** since when `spread` is counted; negative while nothing stands */
  private since = -1;

  constructor(settings: Settings["market"]["spread"], schedule: SessionSchedule) {
    this.settings = settings;
    this.schedule = schedule;
  }

  /** What was learnt is kept. */
  configure(settings: Settings["market"]["spread"], schedule: SessionSchedule): void {
    this.settings = settings;
    this.schedule = schedule;
    this.sessionEnd = Number.NEGATIVE_INFINITY;
  }

  /** @param spread ask − bid in ticks, from `now` on; below one tick the touch is no touch, and nothing stands */
  onQuote(spread: number, now: number): void {
    if (spread === this.spread && now < this.sessionEnd && this.since >= 0) return;
    this.take(now);
    this.spread = spread;
    if (spread < 1) this.since = -1;
    else if (this.since < 0) {
      this.since = now;
      this.enterSession();
    }
  }

  /** Nothing is known of the spread from `now` until the next quote. */
  onGap(now: number): void {
    this.take(now);
    this.since = -1;
  }

  /** Time-weighted average in ticks, with the memory of `market.spread.window_seconds`; null before the first quote. */
  average(now: number): number | null {
    this.take(now);
    return this.recent.average();
  }

  /** Time-weighted standard deviation in ticks; null as the average. */
  deviation(now: number): number | null {
    this.take(now);
    return this.recent.deviation();
  }

  /** Spread now over its average; null before the first quote, after a gap, and when the average is 0. */
  ratio(now: number): number | null {
    const average = this.average(now);
    return this.since < 0 || average === null || average === 0 ? null : this.spread / average;
  }

  /** Average of this trading session's hours, with the memory of `session_hours` of them; null when none was seen. */
  sessionAverage(now: number): number | null {
    this.take(now);
    return this.memoryAt(now).average();
  }

  /** Average over what is usual in this trading session; null while less of the session is known than of the average. */
  expansion(now: number): number | null {
    const usual = this.sessionAverage(now);
    const average = this.recent.average();
    const { seen } = this.memoryAt(now);
    if (usual === null || usual === 0 || average === null) return null;
    return seen < microsFromSeconds(this.settings.window_seconds) ? null : average / usual;
  }

  /**
   * Whether the spread allows an entry, the first reason that it does not, and the numbers compared. Allocates where it
   * does not.
   *
   * @param spreadBps of the touch
   */
  verdict(spreadBps: number, now: number): SpreadVerdict {
    const { max_bps, max_ratio, max_expansion, warmup_seconds } = this.settings;
    const ratio = this.ratio(now);
    const seen = this.recent.seen / microsPerSecond;
    if (ratio === null || seen < warmup_seconds) {
      return { acceptable: false, reason: "SPREAD_UNKNOWN", measured: seen, limit: warmup_seconds };
    }
    if (!(spreadBps <= max_bps)) return refuse("SPREAD_TOO_WIDE", spreadBps, max_bps);
    if (ratio > max_ratio) return refuse("SPREAD_ABNORMAL", ratio, max_ratio);
    const expansion = this.expansion(now);
    if (expansion !== null && expansion > max_expansion) return refuse("SPREAD_EXPANDED", expansion, max_expansion);
    return acceptable;
  }

  /** Counts the spread that stood until `now`, each part to the session in which it stood. */
  private take(now: number): void {
    if (this.since < 0 || now <= this.since) return;
    if (now >= this.sessionEnd) {
      // What stands longer than a day is no spread but a silence.
      this.since = Math.max(this.since, now - microsPerDay);
      for (this.enterSession(); this.sessionEnd <= now; this.enterSession()) this.count(this.sessionEnd);
    }
    if (this.since < now) this.count(now);
  }

  private enterSession(): void {
    this.session = this.memory(this.schedule.indexAt(this.since));
    this.sessionEnd = this.schedule.endOf(this.since);
  }

  private count(until: number): void {
    const elapsed = until - this.since;
    this.recent.add(this.spread, elapsed, microsFromSeconds(this.settings.window_seconds));
    this.session.add(this.spread, elapsed, this.settings.session_hours * microsPerHour);
    this.since = until;
  }

  /** The schedule is looked at only where the session is not the one that is counted. */
  private memoryAt(now: number): SpreadMemory {
    const isCounted = now === this.since && now < this.sessionEnd;
    return isCounted ? this.session : this.memory(this.schedule.indexAt(now));
  }

  private memory(session: number): SpreadMemory {
    return present(this.sessions[session], "memory of a trading session");
  }
}

const microsPerHour = 3_600 * microsPerSecond;

/** Exponentially decayed, time-weighted mean and variance. */
class SpreadMemory {
  /** microseconds that were counted, undecayed */
  seen = 0;
  private weight = 0;
  private mean = 0;
  /** Σ weight × (spread − mean)² */
  private squares = 0;

  add(spread: number, elapsed: number, memory: number): void {
    const keep = Math.exp(-elapsed / memory);
    const weight = 1 - keep;
    this.weight *= keep;
    this.squares *= keep;
    this.weight += weight;
    const off = spread - this.mean;
    const step = (off * weight) / this.weight;
    this.mean += step;
    this.squares += weight * off * (spread - this.mean);
    this.seen += elapsed;
  }

  average(): number | null {
    return this.weight === 0 ? null : this.mean;
  }

  deviation(): number | null {
    return this.weight === 0 ? null : Math.sqrt(Math.max(0, this.squares) / this.weight);
  }
}

function refuse(reason: SpreadReason, measured: number, limit: number): SpreadVerdict {
  return { acceptable: false, reason, measured, limit };
}
