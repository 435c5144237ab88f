/** The daemon as an operator sees it from afar: lines to read, and what may be asked of the core. */

import { Worker } from "node:worker_threads";
import { numberFromTicks, textFromLots } from "../domain/instrument.ts";
import type { Notice } from "../domain/output.ts";
import type { Micros } from "../domain/units.ts";
import type { Core } from "../engine/core.ts";
import type { SymbolDesk } from "../engine/symbol-desk.ts";
import type { Operator } from "../ops/telegram/operator.ts";
import type { StoreWhy } from "../store/why.ts";
import type { Daemon } from "./daemon.ts";
import { sessionNotice, statusNotices } from "./status.ts";

export type OperatorOptions = {
  readonly daemon: Pick<Daemon, "core" | "readiness" | "control">;
  readonly clock: () => Micros;
  /** `store.directory` */
  readonly directory: string;
  /** the daemon's own store in it */
  readonly store: string;
};

const whyMicros = 3_600_000_000;
const whyMillisMax = 5_000;
const reasonsShown = 10;
/** What of a symbol's status line stands in a message. */
const statusFields = ["bid", "ask", "spreadBps", "position", "stop", "orders", "trades", "net"] as const;

export function operatorOf({ daemon, clock, directory, store }: OperatorOptions): Operator {
  return {
    status: () => [
      "Status",
      ...daemon
        .readiness()
        .filter(({ ready }) => !ready)
        .map(({ part, detail }) => `NOT READY ${part}: ${detail ?? ""}`),
      ...(daemon.core === null ? [] : statusLines(daemon.core, clock())),
    ],
    positions: () => ["Positions", ...(daemon.core === null ? [notYet] : positionLines(daemon.core))],
    why: async () => {
      const stores = await askWhy(directory, clock() - whyMicros);
      const own = stores.find((one) => one.store === store);
      return ["Why, last hour", ...(own === undefined ? [notYet] : whyLines(own))];
    },
    control: async (action, by) => await daemon.control({ kind: "control", by, action }),
  };
}

const notYet = "Nothing is known yet: the daemon has just started.";
const notRead = "Nothing is known yet: the account has not been read.";

function statusLines(core: Core, now: Micros): readonly string[] {
  const { safeMode } = core;
  return [
    safeMode === null ? "SAFE MODE off" : `SAFE MODE ${safeMode.reasons.join(", ")}: ${safeMode.detail}`,
    fieldsText(sessionNotice(core, now).fields),
    ...statusNotices(core, now).map(({ fields, symbol }) => {
      const name = symbol === null ? "" : (core.desks[symbol]?.instrument.symbol ?? "");
      return `${name} ${fieldsText(fields, statusFields)}`;
    }),
  ];
}

function fieldsText(fields: Notice["fields"], names: readonly string[] = Object.keys(fields)): string {
  return names.map((name) => `${name} ${fields[name] ?? "–"}`).join(", ");
}

function positionLines(core: Core): readonly string[] {
  if (!core.isRecovered) return [notRead];
  const own = core.openPositions().map(({ instrument, lots, stopLevel, isProtected }) => {
    const guard = isProtected ? `stop live at ${numberFromTicks(instrument, stopLevel)}` : "NO LIVE STOP";
    return `${instrument.symbol} ${textFromLots(instrument, lots)}: ${guard}`;
  });
  const lines = [...own, ...core.desks.flatMap((desk) => reportedLine(desk, core))];
  return lines.length === 0 ? ["none"] : lines;
}

/** What the exchange reports beside no trade: it was left alone, or is not taken over yet. */
function reportedLine({ instrument, manager }: SymbolDesk, { account }: Core): string[] {
  const lots = account.reportedLots(instrument.index);
  if (manager.trade !== null || lots === 0) return [];
  return [`${instrument.symbol} ${textFromLots(instrument, lots)}: HELD BY NO TRADE OF OURS`];
}

function whyLines({ decisions, reasons }: StoreWhy): readonly string[] {
  return [
    `decisions ${decisions.total}: ${decisions.approved} approved, ${decisions.blocked} blocked`,
    ...reasons.slice(0, reasonsShown).map(({ count, reason, symbol, measured, limit }) => {
      const typical = measured === null ? "" : `, typical ${Number(measured.median.toPrecision(6))}`;
      return `${count} ${reason} ${symbol}${typical}${limit === null ? "" : `, limit ${Number(limit.toPrecision(6))}`}`;
    }),
  ];
}

/** @throws {Error} the journal cannot be read, or not in time */
function askWhy(directory: string, since: number): Promise<readonly StoreWhy[]> {
  const worker = new Worker(new URL("./why.worker.ts", import.meta.url), {
    workerData: { directory, since, symbol: null },
    env: {},
    execArgv: [],
  });
  const { promise, resolve, reject } = Promise.withResolvers<readonly StoreWhy[]>();
  const timer = setTimeout(() => reject(new Error("the journal was not read in time")), whyMillisMax);
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", () => reject(new Error("the journal was not read")));
  return promise.finally(() => {
    clearTimeout(timer);
    void worker.terminate();
  });
}
