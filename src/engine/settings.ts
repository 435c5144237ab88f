/** The settings of one symbol (requirements CFG-3). They were checked as a whole when they were read. */

import type { Settings } from "../config/schema.ts";
import { merged } from "../domain/merge.ts";

export function settingsFor(settings: Settings, symbol: string): Settings {
  const own = settings.overrides[symbol];
  return own === undefined ? settings : merged(settings, own);
}
