/**
 * Reads what was traded on a symbol: orders and executions, joined into one report (failure-catalogue F-07, F-78). Each
 * is the newest that one answer holds; where the question reaches further back, the pages between are read, oldest first.
 */

import { z } from "zod";
import type { CoreEvent, Outcome } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { QueryHistory } from "../domain/output.ts";
import { type Micros, microsPerMillisecond } from "../domain/units.ts";
import { type AskPorts, verdictOf } from "./asking.ts";
import type { Answer } from "./caller.ts";
import { decodeHistory } from "./wire/decode.ts";
import { fillsMax, historyPage, historyRequests, type WireRequest } from "./wire/encode.ts";
import { noBudgetCode } from "./wire/outcome.ts";
import type { InstrumentsByName } from "./wire/reports.ts";

export type HistoryReaderPorts = Pick<AskPorts, "caller"> & {
  readonly instruments: readonly Instrument[];
  readonly byName: InstrumentsByName;
  readonly emit: (event: CoreEvent) => void;
};

/** Pages of one part, the newest not counted: twenty thousand rows. More than that explains nothing. */
const historyPagesMax = 20;

const parts = ["orders", "trades"] as const;
type Part = (typeof parts)[number];

const ids = { orders: "orderId", trades: "id" } as const;
const next = { orders: "orderId", trades: "fromId" } as const;

const id = z.union([z.string().regex(/^\d{1,20}$/), z.bigint(), z.int().nonnegative()]).transform(BigInt);
const Rows = z.array(z.looseObject({ time: z.number() }));
type Rows = z.infer<typeof Rows>;

type Read = { readonly outcome: Outcome; readonly rows: unknown };

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
    const done = ({ outcome, rows }: Read): void => {
      if (isOver || outcome.kind !== "ok") return conclude(outcome);
      bodies.set(part, rows);
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
    readPart(ports, part, requests[part], command.since ?? null, done, now);
  }
}

function readPart(
  { caller }: HistoryReaderPorts,
  part: Part,
  request: WireRequest,
  since: Micros | null,
  done: (read: Read) => void,
  now: Micros,
): void {
  const call = (asked: WireRequest, at: Micros, then: (outcome: Outcome, body: unknown, at: Micros) => void): void => {
    const answered = (answer: Answer, later: Micros): void =>
      then(outcomeOf(part, answer), answer.kind === "reply" ? answer.reply.body : null, later);
    caller.call(asked, { done: answered }, at);
  };
  call(request, now, (outcome, newest, at) => {
    const gap = since === null || outcome.kind !== "ok" ? null : gapBefore(part, newest, since);
    if (gap === null) return done({ outcome, rows: newest });
    const older: Rows = [];
    const goOn = (asked: WireRequest, pages: number, then: Micros): void =>
      call(asked, then, (page, body, later) => {
        const rows = Rows.safeParse(body);
        if (page.kind !== "ok") return done({ outcome: page, rows: null });
        const last = rows.success ? lastId(part, rows.data) : null;
        if (rows.success) older.push(...rows.data.filter((row) => idOf(part, row) < gap.oldest));
        if (!rows.success || rows.data.length < fillsMax || last === null || last >= gap.oldest) {
          return done({ outcome, rows: rows.success ? [...older, ...gap.rows] : null });
        }
        if (pages >= historyPagesMax)
          return done({ outcome: { kind: "unknown", cause: "history is too long" }, rows: null });
        goOn(historyPage(request, { parameter: next[part], id: last }), pages + 1, later);
      });
    goOn(historyPage(request, { time: gap.since }), 1, at);
  });
}

type Gap = { readonly rows: Rows; readonly oldest: bigint; readonly since: Micros };

/** What is missing between the wanted begin and the newest page; null when nothing is, or the page is unreadable. */
function gapBefore(part: Part, body: unknown, since: Micros): Gap | null {
  const rows = Rows.safeParse(body);
  if (!rows.success || rows.data.length < fillsMax) return null;
  const [first] = rows.data;
  if (first === undefined || first.time * microsPerMillisecond <= since) return null;
  return { rows: rows.data, oldest: idOf(part, first), since };
}

function lastId(part: Part, rows: Rows): bigint | null {
  const last = rows.at(-1);
  return last === undefined ? null : idOf(part, last);
}

/** Of a row without one: nothing is older. */
function idOf(part: Part, row: Rows[number]): bigint {
  const parsed = id.safeParse(row[ids[part]]);
  return parsed.success ? parsed.data : 0n;
}

function outcomeOf(part: Part, answer: Answer): Outcome {
  if (answer.kind !== "held-back") return verdictOf(answer).outcome;
  return { kind: "refused", code: noBudgetCode, message: `${part}: ${answer.cause}` };
}
