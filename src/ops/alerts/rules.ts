/**
 * What is told to people, as data: which notice or risk event becomes an alert, how urgent it is, and what makes two of
 * them one episode. An error that stands in no line is told all the same, as a warning. @see requirements OPS-2, RSK-7
 */

import type { Severity } from "../../domain/alert.ts";
import type { Notice } from "../../domain/output.ts";

export type AlertRule = {
  /** null: it only ends others */
  readonly severity: Severity | null;
  /** one sentence for people */
  readonly says: string;
  /** what tells two episodes of the same word apart: `symbol`, or a field of the notice; `each`: every one is told */
  readonly by?: readonly string[] | "each";
  /** words whose episodes are over with this one */
  readonly ends?: readonly string[];
  /** holds only where the field has this value */
  readonly when?: readonly [field: string, value: string];
};

const symbol = ["symbol"] as const;
const safeModeWords = ["SAFE_MODE_ON", "SAFE_MODE_RESTORED", "SAFE_MODE_CAUSE", "SAFE_MODE_KEPT"] as const;
const dayLimits = ["DAILY_LOSS_HIT", "DAILY_PROFIT_HIT", "DRAWDOWN_HIT"] as const;
/** Words whose episodes are over with the UTC day. */
export const endWithDay: readonly string[] = [...dayLimits, "TRADES_PER_HOUR_HIT"];

/** Of several lines with one word the first that holds counts. */
const lines: readonly (readonly [code: string, rule: AlertRule])[] = [
  ["STARTING", { severity: "info", says: "The daemon starts.", by: "each" }],
  ["STOPPING", { severity: "info", says: "The daemon stops.", by: "each" }],
  [
    "DAEMON_FAILED",
    { severity: "critical", says: "The daemon ends by itself; stops stay on the exchange.", by: "each" },
  ],
  ["UNEXPECTED_ERROR", { severity: "critical", says: "Something of our own went wrong.", by: ["where"] }],
  [
    "STOP_TIMEOUT",
    { severity: "critical", says: "The time for an orderly stop is over: not all is settled.", by: "each" },
  ],
  ["DAILY_SUMMARY", { severity: "info", says: "The UTC day is over.", by: "each" }],

  [
    "SAFE_MODE_ON",
    { severity: "critical", says: "SAFE MODE: no new entries; protection is kept up.", by: ["episode"] },
  ],
  [
    "SAFE_MODE_RESTORED",
    { severity: "warning", says: "The daemon starts in the SAFE MODE that it ended in.", by: ["episode"] },
  ],
  ["SAFE_MODE_CAUSE", { severity: "warning", says: "SAFE MODE has one more cause.", by: ["reason"] }],
  ["SAFE_MODE_KEPT", { severity: "warning", says: "SAFE MODE cannot be left yet: a cause is not proven gone." }],
  ["SAFE_MODE_OFF", { severity: "warning", says: "SAFE MODE has ended.", by: "each", ends: safeModeWords }],

  [
    "TRADE_ADOPTED",
    { severity: "critical", says: "An orphan position was taken over.", by: symbol, when: ["source", "adopted"] },
  ],
  ["TRADE_ADOPTED", { severity: "warning", says: "A trade of an earlier run goes on.", by: symbol }],
  [
    "POSITION_MISMATCH",
    {
      severity: "critical",
      says: "The exchange reports another position than our books.",
      // Each contradiction is another: somebody who opens a position just after one was settled is told of, too, and were it
      // the same position (I-18).
      by: ["symbol", "own", "reported", "since"],
    },
  ],
  ["POSITION_TOO_LARGE", { severity: "critical", says: "A position is larger than risk allows.", by: symbol }],
  [
    "STOP_LEFT_TO_OTHERS",
    { severity: "warning", says: "A trade is over; its stop stays for what somebody else has added.", by: symbol },
  ],
  [
    "INCOME_UNREAD",
    { severity: "critical", says: "The exchange's ledger cannot be read: a transfer may count as loss or profit." },
  ],
  [
    "ENTRIES_HELD",
    { severity: "warning", says: "The exchange takes no new orders for a while.", by: symbol, when: ["until", "long"] },
  ],
  [
    "EXCHANGE_RULES_CHANGED",
    {
      severity: "warning",
      says: "The exchange's rules have changed so that nothing is entered.",
      by: symbol,
      when: ["entries", "off"],
    },
  ],
  [
    "POSITION_OFF_GRID",
    {
      severity: "warning",
      says: "A position is no multiple of the exchange's step; it is protected whole.",
      by: symbol,
    },
  ],
  ["STOP_PLACED_AGAIN", { severity: "warning", says: "A stop-loss was missing and is placed again.", by: symbol }],
  [
    "CLOSING_WITHOUT_STOP",
    { severity: "critical", says: "A position has no stop, and its close keeps failing.", by: ["trade", "since"] },
  ],
  [
    "CLOSING",
    {
      severity: "critical",
      says: "A position could not be protected and is closed at market.",
      by: symbol,
      when: ["reason", "CANNOT_PROTECT"],
    },
  ],
  [
    "CLOSING",
    {
      severity: "warning",
      says: "A stop-loss was passed before it stood.",
      by: symbol,
      when: ["reason", "STOP_PASSED"],
    },
  ],
  ["ORDER_REFUSED", { severity: "warning", says: "The exchange refused an order.", by: symbol }],
  // An account that cannot be read is told by itself; at a start this one only says that it has not been read yet.
  [
    "RISK_INPUT_MISSING",
    { severity: "info", says: "Risk waits for the account.", by: symbol, when: ["reason", "ACCOUNT_STALE"] },
  ],
  ["RISK_INPUT_MISSING", { severity: "warning", says: "Risk lacks an input: no entries.", by: symbol }],
  [
    "ORPHAN_POSITION",
    {
      severity: "critical",
      says: "A position that is not ours is open and left alone: no entries beside it.",
      by: symbol,
    },
  ],
  ["FOREIGN", { severity: "warning", says: "The account holds something that is not ours." }],
  [
    "FOREIGN_ORDER",
    { severity: "warning", says: "An order that is not ours stands in one of our symbols.", by: symbol },
  ],

  ["DAILY_LOSS_HIT", { severity: "critical", says: "The daily loss limit is reached." }],
  ["DAILY_PROFIT_HIT", { severity: "warning", says: "The daily profit limit is reached." }],
  ["DRAWDOWN_HIT", { severity: "critical", says: "The day's drawdown limit is reached." }],
  ["DRAWDOWN_GUARD_HIT", { severity: "critical", says: "Equity is too far below its highest: no entries." }],
  ["TRADES_PER_HOUR_HIT", { severity: "warning", says: "The limit of trades an hour is reached." }],
  ["CRASH_GUARD_HIT", { severity: "warning", says: "The market moves too fast for entries.", by: symbol }],
  ["HALTED", { severity: "critical", says: "Trading is halted: no entries until it is resumed.", by: ["reason"] }],
  ["COOLDOWN_STARTED", { severity: "warning", says: "Trading pauses after a limit.", by: ["reason"] }],
  [
    "RESUMED",
    {
      severity: "info",
      says: "Trading is resumed.",
      by: "each",
      // Limits are measured anew from here on, and a flattening that was resumed ends without FLATTENED (requirements RSK-4).
      ends: ["HALTED", "COOLDOWN_STARTED", "FLATTENING", ...dayLimits, "DRAWDOWN_GUARD_HIT"],
    },
  ],
  ["FLATTENING", { severity: "critical", says: "Everything is being closed." }],
  ["FLATTENED", { severity: "warning", says: "Everything is closed.", by: "each", ends: ["FLATTENING"] }],
  ["SCALED", { severity: "warning", says: "Entries are scaled.", by: "each" }],
  ["DAY_STARTED", { severity: null, says: "A UTC day begins.", ends: endWithDay }],

  ["VENUE_SILENCE", { severity: "critical", says: "The exchange has told us to be silent: stops live on it alone." }],
  ["CLOCK_REFUSED", { severity: "warning", says: "The exchange refused the time of a request; it is measured anew." }],
  ["MARGIN_CALL", { severity: "critical", says: "The exchange calls for margin." }],
  [
    "DEAD_MANS_SWITCH_REFUSED",
    {
      severity: "warning",
      says: "The dead man's switch is off: it would cancel orders that are not ours.",
      by: symbol,
    },
  ],
  ["DEAD_MANS_SWITCH_FAILED", { severity: "warning", says: "The dead man's switch could not be set.", by: symbol }],
  ["ACCOUNT_UNREAD", { severity: "warning", says: "The account cannot be read." }],
  ["ACCOUNT_CONFIGURATION_CHANGED", { severity: "warning", says: "Somebody changed the account's configuration." }],
  ["STREAM_DOWN", { severity: "warning", says: "A stream of the exchange is down.", by: ["stream"] }],
  ["KEY_WITHOUT_IP_RESTRICTION", { severity: "warning", says: "The API key may be used from any address." }],

  ["SETTINGS_INVALID", { severity: "warning", says: "The changed settings cannot be used; the old ones hold." }],
  ["SETTINGS_REFUSED", { severity: "warning", says: "The changed settings need a restart; the old ones hold." }],
  ["LIMITS_LOOSENED", { severity: "warning", says: "The changed settings loosen limits.", by: "each" }],
  ["STORE_NOTE", { severity: "warning", says: "The journal was not found as it should be.", by: ["detail"] }],
  ["STORE_ROWS_LOST", { severity: "critical", says: "Rows of the journal were lost.", by: "each" }],
  ["LOG_FILE_FAILED", { severity: "warning", says: "The log file cannot be written." }],
  ["COMMAND_REFUSED", { severity: "warning", says: "Somebody who may not command tried to.", by: ["from"] }],
];

const byCode = new Map<string, AlertRule[]>();
for (const [code, rule] of lines) byCode.set(code, [...(byCode.get(code) ?? []), rule]);

/** Every word of the table. */
export const alertCodes: readonly string[] = [...byCode.keys()];

const unlisted: AlertRule = { severity: "warning", says: "Something went wrong.", by: symbol };

/** Null: nobody needs to be told. */
export function ruleFor({ code, level, fields }: Pick<Notice, "code" | "level" | "fields">): AlertRule | null {
  const rules = byCode.get(code);
  if (rules === undefined) return level === "error" ? unlisted : null;
  return rules.find(({ when }) => when === undefined || fields[when[0]] === when[1]) ?? null;
}

/** The sentence of an alert that comes from the journal. */
export function sentenceOf(code: string, fields: Notice["fields"]): string {
  return (ruleFor({ code, level: "error", fields }) ?? unlisted).says;
}
