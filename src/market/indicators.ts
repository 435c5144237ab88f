/** Where the price stands in its session, and how lively the market is, from candles (requirements MKT-4). */

import type { Settings } from "../config/schema.ts";
import type { Candles } from "./candles.ts";
import { PriceWindow } from "./price-window.ts";
import { microsPerDay, type SessionSchedule } from "./trading-sessions.ts";

/** Distances and ranges in ticks; null where too little is known. Reads do not allocate. */
export class Indicators {
  /** since the trading session began */
  readonly session: PriceWindow;
  /** since the UTC day began: its range is the intraday range */
  readonly day: PriceWindow;
  private readonly candles: Candles;
  private settings: Settings["market"];
  private schedule: SessionSchedule;

  constructor(candles: Candles, settings: Settings["market"], schedule: SessionSchedule) {
    this.candles = candles;
    this.settings = settings;
    this.schedule = schedule;
    this.session = new PriceWindow(candles, (time) => this.schedule.startOf(time));
    this.day = new PriceWindow(candles, (time) => time - (time % microsPerDay));
  }

  configure(settings: Settings["market"], schedule: SessionSchedule): void {
    this.settings = settings;
    this.schedule = schedule;
    this.session.restart();
  }

  /** Mean of high − low of one-minute candles over `market.volatility_minutes`. */
  averageRangeTicks(): number | null {
    return this.candles.averageRange(this.settings.volatility_minutes);
  }

  /** Volume of the forming minute, or of the last closed one where that is more, over the usual. */
  volumeRatio(): number | null {
    const { volume_minutes } = this.settings;
    const { currentMinute, formingVolume, formingIsWhole } = this.candles;
    const ones = this.candles.series(1);
    const closed = ones.volumeRatio(volume_minutes, currentMinute);
    const usual = ones.meanVolume(volume_minutes, currentMinute);
    const forming = formingIsWhole && usual !== null ? formingVolume / usual : null;
    if (closed === null || forming === null) return closed ?? forming;
    return Math.max(closed, forming);
  }

  /** At least `market.volume_spike_ratio` times the usual volume; false while it is unknown. */
  hasVolumeSpike(): boolean {
    const ratio = this.volumeRatio();
    return ratio !== null && ratio >= this.settings.volume_spike_ratio;
  }

  /** Half-width of the fixed band around the session's VWAP. */
  vwapBandTicks(): number | null {
    const { vwap } = this.session;
    return vwap === null ? null : (vwap * this.settings.vwap.band_bps) / 10_000;
  }

  /** Half-width of the band around the session's VWAP that is adjusted to ATR. */
  vwapAtrBandTicks(): number | null {
    const atr = this.candles.atr(this.settings.atr_period);
    return atr === null || this.session.vwap === null ? null : atr * this.settings.vwap.band_atr;
  }
}
