/** `scalpd why`: why there was no trade, from the journal, also while the daemon runs. */

import { oneLine } from "../config/text.ts";
import {
  type DecisionView,
  type ReasonView,
  type RiskEventView,
  type StoreWhy,
  symbolsIn,
  viewWhy,
} from "../store/why.ts";
import { comparison, shown, unitOf } from "./measure.ts";
import { UsageError } from "./usage-error.ts";

export type WhyOptions = {
  /** `store.directory` */
  readonly data: string;
  readonly sinceMs: number;
  readonly symbol: string | null;
  readonly json: boolean;
  readonly now: number;
};

const longestLine = 240;

/**
 * @throws {UsageError} no journal knows the symbol
 * @throws {import("../store/store.ts").StoreError} a store cannot be read
 */
export function whyCommand(options: WhyOptions): void {
  requireKnown(options);
  const since = (options.now - options.sinceMs) * 1_000;
  const stores = viewWhy({ directory: options.data, since, symbol: options.symbol });
  const from = new Date(since / 1_000).toISOString();
  const text = options.json ? JSON.stringify({ since: from, stores }) : readable(stores, options.data, from);
  process.stdout.write(`${text}\n`);
}

/** Of a symbol that is spelled wrong, "no decisions" would be an answer that looks true. */
function requireKnown({ data, symbol }: WhyOptions): void {
  const known = symbol === null ? [] : symbolsIn(data);
  if (symbol === null || known.length === 0 || known.includes(symbol)) return;
  throw new UsageError(`--symbol ${JSON.stringify(symbol.slice(0, 80))}: allowed under ${data}: ${known.join(", ")}`);
}

function readable(stores: readonly StoreWhy[], directory: string, from: string): string {
  if (stores.length === 0) return `no journal under ${directory}: nothing has been decided from here`;
  return stores
    .flatMap((store) => storeLines(store, from))
    .map((line) => oneLine(line, longestLine))
    .join("\n");
}

function storeLines({ store, decisions, reasons, last, events, is_cut }: StoreWhy, from: string): string[] {
  const cut = is_cut ? " (the newest; there were more)" : "";
  return [
    `${store}, since ${from}`,
    `  decisions  ${decisions.total}: ${decisions.approved} approved, ${decisions.blocked} blocked${cut}`,
    ...(reasons.length === 0 ? ["  reasons    none"] : reasonTable(reasons)),
    ...events.map((event) => `  event      ${eventText(event)}`),
    ...last.flatMap(decisionLines),
  ];
}

function reasonTable(reasons: readonly ReasonView[]): string[] {
  const head = ["count", "reason", "symbol", "typical", "from", "to", "limit", "unit", "sources"];
  const rows = reasons.map(({ count, reason, symbol, measured, limit, sources }) => [
    String(count),
    reason,
    symbol,
    shown(measured?.median ?? null),
    shown(measured?.least ?? null),
    shown(measured?.most ?? null),
    shown(limit),
    unitOf(reason),
    sources.join(" "),
  ]);
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => (i === 0 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join("  ")}`.trimEnd();
  return [line(head), ...rows.map(line)];
}

function decisionLines(decision: DecisionView): string[] {
  const { time, symbol, source, direction, action, approved, gates } = decision;
  const verdict = approved ? "approved" : "blocked";
  const failed = gates.filter((gate) => gate.verdict === "failed").length;
  return [
    `  decision   ${time} ${symbol} ${source} ${action} ${direction}: ${verdict}, ${gates.length} gates, ${failed} failed`,
    ...gates.map(
      ({ gate, verdict: found, measured, limit }) =>
        `    ${found.padEnd(8)} ${gate}: ${comparison(gate, measured, limit)}`,
    ),
  ];
}

function eventText({ time, event, symbol, fields }: RiskEventView): string {
  const details = Object.entries(fields).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [time, event, ...(symbol === null ? [] : [symbol]), ...details].join(" ");
}
