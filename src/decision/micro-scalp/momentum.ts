/** Signal: the last candles of the trading session have moved the trade's way. */

import { atLeast, type Finding } from "./finding.ts";
import type { Rules } from "./rules.ts";
import type { Scene } from "./scene.ts";

/** Measured in ATR; a session that has just begun has no momentum. */
export function sessionMomentum({ bars, sessionStart, atr }: Scene, signals: Rules["signals"]): Finding {
  const inSession = bars.slice(0, signals.momentum_candles).filter(({ time }) => time >= sessionStart);
  const newest = inSession[0];
  const oldest = inSession.at(-1);
  const move = newest === undefined || oldest === undefined ? null : (newest.close - oldest.open) / atr;
  return atLeast("MOMENTUM", move, signals.momentum_atr);
}
