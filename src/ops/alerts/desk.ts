/**
 * From what is logged to what people are told: episodes, records, and the channels' queues. It is called in the turn that
 * found something, looks up one word, and returns; sending happens in turns of its own (requirements OPS-2).
 */

import type { Alerts } from "../../config/alerts.ts";
import { type Alert, type AlertDelivery, type PastAlerts, severities } from "../../domain/alert.ts";
import type { Notice } from "../../domain/output.ts";
import { type Micros, microsPerMinute } from "../../domain/units.ts";
import { shownFields } from "../log.ts";
import { pause, type Timers } from "../timers.ts";
import type { AlertChannel } from "./channel.ts";
import { Episodes } from "./episodes.ts";
import { Lane, type LaneOptions } from "./lane.ts";
import { type AlertRule, endWithDay, ruleFor } from "./rules.ts";

/** What remembers alerts over a restart. Neither call waits. */
export type AlertKeeper = {
  readonly alert: (alert: Alert, channels: readonly string[]) => void;
  readonly delivery: (delivery: AlertDelivery) => void;
};

export type AlertDeskOptions = {
  readonly settings: Alerts;
  readonly channels: readonly AlertChannel[];
  readonly timers: Timers;
  readonly clock: () => Micros;
  /** in [0, 1) */
  readonly random: () => number;
  readonly trouble: LaneOptions["trouble"];
};

/** Records that wait for the journal; without one the oldest are forgotten, and nothing else. */
const recordsMax = 1_000;
/** Fields of the last status line that the day's summary tells. */
const summaryFields = ["equity", "dayStartEquity", "dayProfit", "realisedToday", "tradesToday", "hold"] as const;

type AlertRecord =
  | { readonly kind: "alert"; readonly alert: Alert }
  | { readonly kind: "delivery"; readonly delivery: AlertDelivery };

export class AlertDesk {
  readonly #options: AlertDeskOptions;
  readonly #lanes: readonly Lane[];
  readonly #episodes: Episodes;
  #keeper: AlertKeeper | null = null;
  #early: AlertRecord[] = [];
  #lastStatus: Notice["fields"] | null = null;
  #count = 0;

  constructor(options: AlertDeskOptions) {
    this.#options = options;
    const { settings, clock } = options;
    this.#episodes = new Episodes(settings.episode_minutes * microsPerMinute);
    this.#lanes = options.channels.map(
      (channel) =>
        new Lane({
          channel,
          timers: options.timers,
          clock: () => clock() / 1_000,
          random: options.random,
          perHour: {
            info: settings.info_per_hour,
            warning: settings.warning_per_hour,
            critical: settings.critical_per_hour,
          },
          timeoutMillis: settings.timeout_seconds * 1_000,
          settled: (alert, state) =>
            this.#record({
              kind: "delivery",
              delivery: { alert: alert.id, channel: channel.name, state, time: clock() },
            }),
          trouble: options.trouble,
        }),
    );
  }

  /** Everything that is logged passes here. @param symbol name of the notice's instrument; null where it has none */
  observe(notice: Notice, symbol: string | null): void {
    if (notice.code === "STATUS_SESSION") this.#lastStatus = notice.fields;
    const rule = ruleFor(notice);
    if (rule === null) return;
    if (notice.code === "DAY_STARTED") this.#summarise();
    if (rule.ends !== undefined) this.#episodes.end(rule.ends);
    this.#raise(rule, notice, symbol);
  }

  /** The journal is there: what an earlier run could not tell is told now, and its episodes go on. */
  open(past: PastAlerts, keeper: AlertKeeper): void {
    this.#keeper = keeper;
    const today = dayOf(this.#options.clock());
    for (const { code, fields, episode, time } of past.recent) {
      const ends = ruleFor({ code, level: "error", fields })?.ends;
      if (ends !== undefined) this.#episodes.end(ends);
      // That a day began is told by no alert, so that the journal does not have it.
      if (dayOf(time) < today && endWithDay.includes(code)) continue;
      this.#episodes.begin(episode, time);
    }
    for (const { alert, channel } of past.pending) {
      // The run that sent it may have ended before it could say so.
      this.#lanes.find(({ name }) => name === channel)?.add(alert, true);
    }
    for (const record of this.#early.splice(0)) this.#record(record);
  }

  /** The end: what the closing of the journal itself found is told too, but not remembered. */
  async close(millisMax: number): Promise<void> {
    await this.leave(millisMax);
    for (const lane of this.#lanes) lane.close();
  }

  /** Waits, not longer than this, until everything is told; then the journal is left alone. */
  async leave(millisMax: number): Promise<void> {
    const over = new AbortController();
    const all = Promise.all(this.#lanes.map((lane) => lane.idle()));
    await Promise.race([all, pause(this.#options.timers, millisMax, over.signal)]);
    over.abort();
    for (const lane of this.#lanes) lane.forget();
    this.#keeper = null;
  }

  #summarise(): void {
    const status = this.#lastStatus;
    if (status === null) return;
    const known = Object.entries(status).filter(([name]) => summaryFields.some((wanted) => wanted === name));
    const fields = Object.fromEntries(known);
    const notice: Notice = { kind: "notice", level: "info", code: "DAILY_SUMMARY", symbol: null, fields };
    const rule = ruleFor(notice);
    if (rule !== null) this.#raise(rule, notice, null);
  }

  #raise(rule: AlertRule, { code, fields }: Notice, symbol: string | null): void {
    if (rule.severity === null) return;
    const now = this.#options.clock();
    const episode = episodeOf(rule, code, fields, symbol);
    const repeats = rule.by === "each" ? 0 : this.#episodes.begin(episode, now);
    if (repeats === null) return;
    this.#count += 1;
    const shown = shownFields(fields);
    const alert: Alert = {
      id: `${now.toString(36)}-${this.#count.toString(36)}`,
      time: now,
      severity: rule.severity,
      code,
      symbol,
      episode,
      fields: repeats === 0 ? shown : { ...shown, repeatsBefore: repeats },
    };
    this.#record({ kind: "alert", alert });
    for (const lane of this.#told(alert)) lane.add(alert, false);
  }

  /** The channels that are given it: none below the least severity. */
  #told({ severity }: Alert): readonly Lane[] {
    const isTold = severities.indexOf(severity) >= severities.indexOf(this.#options.settings.least);
    return isTold ? this.#lanes : [];
  }

  #record(record: AlertRecord): void {
    const keeper = this.#keeper;
    if (keeper === null) {
      if (this.#early.length >= recordsMax) this.#early.shift();
      this.#early.push(record);
    } else if (record.kind === "delivery") keeper.delivery(record.delivery);
    else {
      const channels = this.#told(record.alert).map(({ name }) => name);
      keeper.alert(record.alert, channels);
    }
  }
}

function episodeOf(rule: AlertRule, code: string, fields: Notice["fields"], symbol: string | null): string {
  if (rule.by === "each" || rule.by === undefined) return code;
  const parts = rule.by.map((name) => (name === "symbol" ? symbol : fields[name]) ?? "");
  return [code, ...parts.map((part) => String(part).slice(0, episodePartMax))].join(" ");
}

const episodePartMax = 100;

function dayOf(time: Micros): number {
  return Math.floor(time / (24 * 60 * microsPerMinute));
}
