/** Which part of the trading day it is, by a schedule in UTC (requirements MKT-6). */

import type { Settings } from "../config/schema.ts";
import { assert, present } from "../domain/assert.ts";
import { f64, i32 } from "../domain/typed.ts";
import { microsPerMinute } from "../domain/units.ts";

export const tradingSessions = ["ASIA", "LONDON", "OVERLAP", "NEW_YORK", "POST_NEW_YORK"] as const;
export type TradingSession = (typeof tradingSessions)[number];

export const microsPerDay = 1_440 * microsPerMinute;

/** Each session lasts until the next one begins, so that every moment belongs to exactly one. */
export class SessionSchedule {
  /** time of day at which each begins, ascending */
  private readonly begins: Float64Array;
  /** index in {@link tradingSessions} of each */
  private readonly order: Int32Array;

  constructor(settings: Settings["market"]["sessions"]) {
    const all = [settings.asia, settings.london, settings.overlap, settings.new_york, settings.post_new_york]
      .map((text, index) => ({ begin: timeOfDay(text), index }))
      .sort((a, b) => a.begin - b.begin);
    this.begins = Float64Array.from(all, ({ begin }) => begin);
    this.order = Int32Array.from(all, ({ index }) => index);
  }

  at(time: number): TradingSession {
    return present(tradingSessions[this.indexAt(time)], "trading session");
  }

  /** Index in {@link tradingSessions}. */
  indexAt(time: number): number {
    return i32(this.order, this.position(time));
  }

  /** When the session of `time` began. */
  startOf(time: number): number {
    const day = Math.floor(time / microsPerDay) * microsPerDay;
    const begin = day + f64(this.begins, this.position(time));
    return begin > time ? begin - microsPerDay : begin;
  }

  /** When the next session begins. */
  endOf(time: number): number {
    const day = Math.floor(time / microsPerDay) * microsPerDay;
    for (let i = 0; i < this.begins.length; i++) if (day + f64(this.begins, i) > time) return day + f64(this.begins, i);
    return day + microsPerDay + f64(this.begins, 0);
  }

  /** The last one that begins at or before the time of day; before the first, yesterday's last goes on. */
  private position(time: number): number {
    const ofDay = time - Math.floor(time / microsPerDay) * microsPerDay;
    for (let i = this.begins.length - 1; i >= 0; i--) if (f64(this.begins, i) <= ofDay) return i;
    return this.begins.length - 1;
  }
}

/** "HH:MM" to microseconds since midnight; the schema has checked the shape. */
function timeOfDay(text: string): number {
  const minutes = Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
  assert(minutes >= 0 && minutes < 1_440, `not a time of day: ${text}`);
  return minutes * microsPerMinute;
}
