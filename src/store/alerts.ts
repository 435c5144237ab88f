/** Alerts in the journal: written by the database's thread, read back when a run begins. */

import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { type Alert, type AlertDelivery, type PastAlerts, severities } from "../domain/alert.ts";
import { type Micros, micros } from "../domain/units.ts";
import { type DatabaseRow, integer, text, textOrNull, word } from "./cell.ts";
import { openForReading } from "./database.ts";

export type AlertEntry =
  /** with the channels that it has to pass */
  | { readonly kind: "alert"; readonly alert: Alert; readonly channels: readonly string[] }
  | { readonly kind: "delivery"; readonly delivery: AlertDelivery };

/** The newest that a starting run is told of. */
const recentMax = 1_000;
const pendingMax = 1_000;

/** @returns writes one entry; the caller holds the transaction */
export function alertWriter(database: DatabaseSync): (entry: AlertEntry) => void {
  const alert = database.prepare(
    "INSERT OR IGNORE INTO alerts (id, time, severity, code, symbol, episode, fields) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  // Retention may have taken the alert away before its delivery: nothing is left to be said of it then.
  const delivery = database.prepare(
    `INSERT INTO alert_deliveries (alert, channel, state, time) SELECT id, ?2, ?3, ?4 FROM alerts WHERE id = ?1
     ON CONFLICT (alert, channel) DO UPDATE SET state = excluded.state, time = excluded.time`,
  );
  return (entry) => {
    if (entry.kind === "delivery") {
      const { alert: id, channel, state, time } = entry.delivery;
      delivery.run(id, channel, state, time);
      return;
    }
    const { id, time, severity, code, symbol, episode, fields } = entry.alert;
    alert.run(id, time, severity, code, symbol, episode, JSON.stringify(fields));
    for (const channel of entry.channels) delivery.run(id, channel, "pending", time);
  };
}

/**
 * @param since episodes that began before are over
 * @throws {import("./store.ts").StoreError} the database cannot be read
 */
export function loadAlerts(path: string, since: Micros): PastAlerts {
  const database = openForReading(path);
  try {
    const recent = database.prepare("SELECT * FROM alerts WHERE time >= ? ORDER BY time DESC, rowid DESC LIMIT ?");
    const pending = database.prepare(
      `SELECT alerts.*, channel FROM alert_deliveries JOIN alerts ON alerts.id = alert WHERE state = 'pending'
       ORDER BY alerts.time DESC, alerts.rowid DESC LIMIT ?`,
    );
    return {
      recent: recent.all(since, recentMax).map(alertFrom).reverse(),
      pending: pending
        .all(pendingMax)
        .map((row) => ({ alert: alertFrom(row), channel: text(row, "channel") }))
        .reverse(),
    };
  } finally {
    database.close();
  }
}

const Fields = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

function alertFrom(row: DatabaseRow): Alert {
  return {
    id: text(row, "id"),
    time: micros(integer(row, "time")),
    severity: word(row, "severity", severities),
    code: text(row, "code"),
    symbol: textOrNull(row, "symbol"),
    episode: text(row, "episode"),
    fields: fieldsFrom(text(row, "fields")),
  };
}

/** An alert whose numbers cannot be read is still told. */
function fieldsFrom(json: string): Alert["fields"] {
  try {
    const parsed = Fields.safeParse(JSON.parse(json));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}
