/** What a changed settings file means for a running daemon: path by path, and whether it can be had without a restart. */

import type { Settings } from "../config/schema.ts";

export type Change = { readonly path: string; readonly from: unknown; readonly to: unknown };

export type SettingsChange =
  | { readonly kind: "same" }
  | { readonly kind: "applicable"; readonly changes: readonly Change[] }
  /** Nothing of it is applied: a file that holds in part would be one that nobody wrote. */
  | { readonly kind: "refused"; readonly changes: readonly Change[]; readonly problems: readonly string[] };

/** Why a value cannot change while the daemon runs, by the beginning of its path. */
const fixed: readonly (readonly [path: string, why: string])[] = [
  ["symbols", "streams, books and the journal were opened for these symbols"],
  ["order_id_prefix", "open orders are recognised by it"],
  ["venue", "the connections were made with it"],
  ["exchange", "the embedded exchange was started with it"],
  ["store", "the journal was opened with it"],
  ["log.file", "the log file was opened with it"],
  ["log.file_mb", "the log file was opened with it"],
  ["log.files", "the log file was opened with it"],
  ["log.store_days", "the journal was opened with it"],
  ["log.store_rows", "the journal was opened with it"],
  ["alerts", "the channels were opened with it"],
  ["health", "the port was opened with it"],
  ["market.book_window_ticks", "the books were made with it"],
  ["market.depth_levels", "the models' inputs were made with it"],
  ["decision.ensemble.enabled", "the sources were made with it"],
  ["decision.ensemble.horizons_seconds", "the models were made with it"],
  ["decision.ensemble.interval_ms", "the models were made with it"],
  ["decision.ensemble.learning_rate", "the models were made with it"],
  ["decision.ensemble.regularisation", "the models were made with it"],
  ["decision.ensemble.onnx", "the models were made with it"],
  ["decision.ensemble.start_from", "the models began with it"],
  ["decision.ensemble.memory_rows", "the models were made with it"],
  ["decision.ensemble.calibration", "the models were made with it"],
  ["decision.demo.enabled", "the sources were made with it"],
  ["decision.micro_scalp.enabled", "the sources were made with it"],
  ["decision_file", "the file is watched with it"],
  ["intents", "the source of intents was made with it"],
  ["plans", "the source of plans was made with it"],
  ["api", "the interface listens with it"],
  ["risk.max_leverage", "it was set on the exchange at the start"],
];

export function settingsChange(running: Settings, wanted: Settings): SettingsChange {
  const changes = differences(running, wanted, "");
  if (changes.length === 0) return { kind: "same" };
  const problems = changes.flatMap(({ path }) => {
    const place = path.replace(/^overrides\.[^.]+\./, "");
    const why = fixed.find(([name]) => place === name || place.startsWith(`${name}.`))?.[1];
    return why === undefined ? [] : [`${path} cannot change while the daemon runs: ${why}`];
  });
  return problems.length === 0 ? { kind: "applicable", changes } : { kind: "refused", changes, problems };
}

/** As text for a log: `risk.max_notional: 2000 → 500`. */
export function changeText({ path, from, to }: Change): string {
  return `${path}: ${JSON.stringify(from) ?? "absent"} → ${JSON.stringify(to) ?? "absent"}`;
}

/** Lists are compared as a whole; a section that one side lacks is compared value by value. */
function differences(from: unknown, to: unknown, path: string): readonly Change[] {
  if (isSection(from) || isSection(to)) {
    const [before, after] = [sectionOf(from), sectionOf(to)];
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], path === "" ? key : `${path}.${key}`));
  }
  return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ path, from, to }];
}

function sectionOf(value: unknown): Readonly<Record<string, unknown>> {
  return isSection(value) ? value : {};
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
