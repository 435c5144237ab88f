/** The daemon's notices: to the log and the journal. Those of a turn come after its commands: no order waits for a line. */

import type { Instrument } from "../domain/instrument.ts";
import type { Notice } from "../domain/output.ts";
import type { Micros } from "../domain/units.ts";
import type { Log } from "../ops/log.ts";
import type { Clock } from "./clock.ts";
import type { JournalWriter } from "./journal-writer.ts";

export class NoticeDesk {
  readonly #log: Log;
  readonly #journal: JournalWriter;
  readonly #clock: Clock;
  readonly #instruments: () => readonly Instrument[];
  #waiting: Notice[] = [];

  constructor(log: Log, journal: JournalWriter, clock: Clock, instruments: () => readonly Instrument[]) {
    this.#log = log;
    this.#journal = journal;
    this.#clock = clock;
    this.#instruments = instruments;
  }

  /** Kept until the turn has ended. */
  queue(notice: Notice): void {
    this.#waiting.push(notice);
  }

  flush(now: Micros): void {
    if (this.#waiting.length === 0) return;
    const notices = this.#waiting;
    this.#waiting = [];
    for (const notice of notices) this.put(notice, now);
  }

  put(notice: Notice, now: Micros): void {
    const symbol = notice.symbol === null ? null : (this.#instruments()[notice.symbol]?.symbol ?? null);
    this.#log.notice(notice, symbol);
    this.#journal.log(notice, now);
  }

  tell(level: Notice["level"], code: string, fields: Notice["fields"]): void {
    this.put({ kind: "notice", level, code, symbol: null, fields }, this.#clock());
  }
}
