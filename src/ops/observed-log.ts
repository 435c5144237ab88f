/** A log that others listen to. What a listener does wrong is logged and goes no further. */

import type { Notice, NoticeLevel } from "../domain/output.ts";
import type { Fields, Log } from "./log.ts";

/** Told of everything, whatever the log's level; must not wait. */
export type LogListener = (notice: Notice, symbol: string | null) => void;

export function observedLog(log: Log, listener: LogListener): Log {
  let failures = 0;
  const tell = (notice: Notice, symbol: string | null): void => {
    try {
      listener(notice, symbol);
    } catch (error) {
      failures += 1;
      // Said at the 1st, 2nd, 4th … time.
      if ((failures & (failures - 1)) !== 0) return;
      log.error("LISTENER_FAILED", { error: error instanceof Error ? error.message : String(error), failures });
    }
  };
  const put = (level: NoticeLevel, code: string, fields: Fields): void => {
    log[level](code, fields);
    tell({ kind: "notice", level, code, symbol: null, fields }, null);
  };
  return {
    ...log,
    debug: (code, fields = {}) => put("debug", code, fields),
    info: (code, fields = {}) => put("info", code, fields),
    warn: (code, fields = {}) => put("warn", code, fields),
    error: (code, fields = {}) => put("error", code, fields),
    notice: (notice, symbol) => {
      log.notice(notice, symbol);
      tell(notice, symbol);
    },
  };
}
