/** Reads the account's ledger since a time, page by page, oldest first (requirements ORD-4; failure-catalogue F-07). */

import type { CoreEvent, IncomeRow, Outcome } from "../domain/event.ts";
import type { QueryIncome } from "../domain/output.ts";
import type { Micros } from "../domain/units.ts";
import { type AskPorts, verdictOf } from "./asking.ts";
import { decodeIncome, incomeRequest, incomeRowsMax, type LedgerRow } from "./wire/income.ts";
import { noBudgetCode } from "./wire/outcome.ts";
import type { InstrumentsByName } from "./wire/reports.ts";

export type IncomeReaderPorts = Pick<AskPorts, "caller"> & {
  /** margin asset of the configured symbols */
  readonly asset: string;
  readonly byName: InstrumentsByName;
  readonly emit: (event: CoreEvent) => void;
};

/** Twenty thousand rows, for a quarter of a minute's request weight. */
const pagesMax = 20;

/** Asks once. Answered by a report, if there is one, and then by the outcome. */
export function readIncome(ports: IncomeReaderPorts, command: QueryIncome, now: Micros): void {
  const seen = new Set<string>();
  const found: IncomeRow[] = [];
  const conclude = (outcome: Outcome): void => ports.emit({ kind: "outcome", command, outcome });
  const readFrom = (since: Micros, pages: number, at: Micros): void => {
    const answered = (outcome: Outcome, rows: readonly LedgerRow[] | null, then: Micros): void => {
      if (outcome.kind !== "ok") return conclude(outcome);
      if (rows === null) return conclude({ kind: "unknown", cause: "unreadable income" });
      const fresh = rows.filter(({ id }) => !seen.has(id));
      for (const { id, income } of fresh) {
        seen.add(id);
        if (income !== null) found.push(income);
      }
      const last = fresh.at(-1);
      if (rows.length < incomeRowsMax) {
        ports.emit({ kind: "income-report", rows: found });
        return conclude(outcome);
      }
      // Rows of one millisecond may be on both sides of the end of a page, so the next begins with it again.
      if (last === undefined || pages >= pagesMax) {
        return conclude({ kind: "unknown", cause: "income is too long" });
      }
      readFrom(last.time, pages + 1, then);
    };
    ports.caller.call(
      incomeRequest(since),
      {
        done: (answer, then) => {
          if (answer.kind === "held-back") {
            return conclude({ kind: "refused", code: noBudgetCode, message: `income: ${answer.cause}` });
          }
          const body = answer.kind === "reply" ? answer.reply.body : null;
          answered(verdictOf(answer).outcome, decodeIncome(body, ports.asset, ports.byName), then);
        },
      },
      at,
    );
  };
  readFrom(command.since, 1, now);
}
