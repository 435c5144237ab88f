/** Says once when the start is over: what was found is taken over, and every position has its stop (requirements REC-3). */

import type { Notice } from "../domain/output.ts";
import type { Core } from "../engine/core.ts";

/**
 * @param uptime seconds since the process began
 * @returns null as long as the account has not been read, or a position is not proven to have its stop
 */
export function recoveredNotice(core: Core, uptime: () => number): Notice | null {
  if (!core.isRecovered) return null;
  const positions = core.openPositions();
  if (positions.some(({ isProtected }) => !isProtected)) return null;
  const fields = { positions: positions.length, seconds: Math.round(uptime() * 1_000) / 1_000 };
  return { kind: "notice", level: "info", code: "RECOVERED", symbol: null, fields };
}
