/** Reads what was traded on a symbol: two requests, joined into one report (failure-catalogue F-07, F-78). */

import type { CoreEvent, Outcome } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { QueryHistory } from "../domain/output.ts";
import type { Micros } from "../domain/units.ts";
import { type AskPorts, verdictOf } from "./asking.ts";
import type { Answer } from "./caller.ts";
import { decodeHistory } from "./wire/decode.ts";
import { historyRequests } from "./wire/encode.ts";
import { noBudgetCode } from "./wire/outcome.ts";
import type { InstrumentsByName } from "./wire/reports.ts";

export type HistoryReaderPorts = Pick<AskPorts, "caller"> & {
  readonly instruments: readonly Instrument[];
  readonly byName: InstrumentsByName;
  readonly emit: (event: CoreEvent) => void;
};

const parts = ["orders", "trades"] as const;
type Part = (typeof parts)[number];

/** Asks once. Answered by a report, if there is one, and then by the outcome. */
export function readHistory(ports: HistoryReaderPorts, command: QueryHistory, now: Micros): void {
  const requests = historyRequests(command, ports.instruments);
  const bodies = new Map<Part, unknown>();
  let isOver = false;
  const conclude = (outcome: Outcome): void => {
    if (isOver) return;
    isOver = true;
    ports.emit({ kind: "outcome", command, outcome });
  };
  for (const part of parts) {
    const done = (answer: Answer): void => {
      const outcome = outcomeOf(part, answer);
      if (isOver || outcome.kind !== "ok") return conclude(outcome);
      if (answer.kind === "reply") bodies.set(part, answer.reply.body);
      if (bodies.size < parts.length) return;
      const report = decodeHistory(
        command,
        { orders: bodies.get("orders"), trades: bodies.get("trades") },
        ports.byName,
      );
      if (report === null) return conclude({ kind: "unknown", cause: "unreadable history" });
      ports.emit(report);
      conclude(outcome);
    };
    ports.caller.call(requests[part], { done }, now);
  }
}

function outcomeOf(part: Part, answer: Answer): Outcome {
  if (answer.kind !== "held-back") return verdictOf(answer).outcome;
  return { kind: "refused", code: noBudgetCode, message: `${part}: ${answer.cause}` };
}
