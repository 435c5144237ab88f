/** Intents and plans of outside systems in the journal: durable before they are acknowledged (requirements IDM-3). */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { z } from "zod";
import type { TradeId } from "../domain/order-id.ts";
import { type Micros, micros } from "../domain/units.ts";
import { type DatabaseRow, integer, integerOrNull, text } from "./cell.ts";

export type StoredIntent = {
  readonly intentId: string;
  /** of the body: the same id with another body is another intent */
  readonly digest: string;
  /** JSON: what was answered, and is answered again; the core is told the same */
  readonly answer: string;
  readonly acceptedAt: Micros;
};

export type StoredPlan = {
  readonly planId: string;
  readonly digest: string;
  /** JSON */
  readonly document: string;
  readonly createdAt: Micros;
  readonly expiresAt: Micros;
  readonly cancelledAt: Micros | null;
};

/** What the store is told. */
export type OutsideRow =
  | ({ readonly kind: "outside-intent" } & StoredIntent)
  | ({ readonly kind: "plan" } & StoredPlan)
  | { readonly kind: "plan-cancelled"; readonly planId: string; readonly at: Micros }
  /** older ones are removed */
  | { readonly kind: "forget"; readonly intentsBefore: Micros; readonly plansBefore: Micros };

/** What was decided about an intent or a plan. */
export type StoredVerdict = {
  readonly approved: boolean;
  readonly blocked: readonly {
    readonly reason: string;
    readonly measured: number | null;
    readonly limit: number | null;
  }[];
  readonly time: Micros;
};

export type OutsideJournal = {
  /** oldest first */
  readonly intents: readonly StoredIntent[];
  readonly plans: readonly StoredPlan[];
  /** by the decision's id */
  readonly verdicts: ReadonlyMap<string, StoredVerdict>;
  /** decisions of outside sources whose entry was written, and so may have left; by id */
  readonly begun: ReadonlyMap<string, TradeId>;
};

/** Rows of each kind that are taken back; the settings keep what is remembered below it. */
const rowsMax = 1_000_000;
const outsideSources = "('intents', 'plans', 'decision_file')";

const Blocked = z.array(
  z.object({ reason: z.string(), measured: z.number().nullable(), limit: z.number().nullable() }),
);

export function readOutside(database: DatabaseSync): OutsideJournal {
  const rows = (sql: string): DatabaseRow[] => database.prepare(sql).all(rowsMax);
  const verdicts = rows(
    `SELECT decision_id, approved, blocked, time FROM decisions INDEXED BY decisions_outside WHERE source IN ${outsideSources} ORDER BY time LIMIT ?`,
  );
  const begun = rows(
    `SELECT decision_id, trade FROM intents INDEXED BY intents_outside WHERE source IN ${outsideSources} ORDER BY time LIMIT ?`,
  );
  return {
    intents: rows("SELECT * FROM outside_intents ORDER BY accepted_at, rowid LIMIT ?").map((row) => ({
      intentId: text(row, "intent_id"),
      digest: text(row, "digest"),
      answer: text(row, "answer"),
      acceptedAt: micros(integer(row, "accepted_at")),
    })),
    plans: rows("SELECT * FROM plans ORDER BY created_at, rowid LIMIT ?").map(planFrom),
    verdicts: new Map(verdicts.map((row) => [text(row, "decision_id"), verdictFrom(row)])),
    begun: new Map(begun.map((row) => [text(row, "decision_id"), text(row, "trade") as TradeId])),
  };
}

function planFrom(row: DatabaseRow): StoredPlan {
  const cancelledAt = integerOrNull(row, "cancelled_at");
  return {
    planId: text(row, "plan_id"),
    digest: text(row, "digest"),
    document: text(row, "document"),
    createdAt: micros(integer(row, "created_at")),
    expiresAt: micros(integer(row, "expires_at")),
    cancelledAt: cancelledAt === null ? null : micros(cancelledAt),
  };
}

function verdictFrom(row: DatabaseRow): StoredVerdict {
  const blocked = Blocked.safeParse(JSON.parse(text(row, "blocked")));
  return {
    approved: integer(row, "approved") === 1,
    blocked: blocked.success ? blocked.data : [],
    time: micros(integer(row, "time")),
  };
}

/** Writes what it is handed; every value is a bound parameter. */
export function outsideWriter(database: DatabaseSync): (row: OutsideRow) => void {
  const statements = prepare(database);
  return (row) => write(statements, row);
}

type Statements = Readonly<Record<"intent" | "plan" | "cancel" | "forgetIntents" | "forgetPlans", StatementSync>>;

function prepare(database: DatabaseSync): Statements {
  return {
    intent: database.prepare(
      "INSERT OR IGNORE INTO outside_intents (intent_id, digest, answer, accepted_at) VALUES (?, ?, ?, ?)",
    ),
    plan: database.prepare(
      "INSERT OR IGNORE INTO plans (plan_id, digest, document, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
    ),
    cancel: database.prepare("UPDATE plans SET cancelled_at = ? WHERE plan_id = ?"),
    forgetIntents: database.prepare("DELETE FROM outside_intents WHERE accepted_at < ?"),
    forgetPlans: database.prepare("DELETE FROM plans WHERE expires_at < ?"),
  };
}

function write(to: Statements, row: OutsideRow): void {
  switch (row.kind) {
    case "outside-intent":
      to.intent.run(row.intentId, row.digest, row.answer, row.acceptedAt);
      return;
    case "plan":
      to.plan.run(row.planId, row.digest, row.document, row.createdAt, row.expiresAt);
      return;
    case "plan-cancelled":
      to.cancel.run(row.at, row.planId);
      return;
    case "forget":
      to.forgetIntents.run(row.intentsBefore);
      to.forgetPlans.run(row.plansBefore);
      return;
    default:
      throw new TypeError(`unhandled row ${row satisfies never}`);
  }
}
