/** Mistakes about people, other programs, the store and restarts. */

import type { Bug } from "./bug.ts";

export const restartBugs: readonly Bug[] = [
  {
    id: "others-orders-are-cancelled",
    cause: "F-59",
    file: "engine/foreign-orders.ts",
    find: `const cancels = this.#settings().reconcile.foreign_orders === "cancel";`,
    replace: `const cancels = true;`,
    sentence: "Orders of somebody else are cancelled.",
  },
  {
    id: "own-orders-are-not-wired",
    cause: "F-08",
    file: "engine/recovery.ts",
    find: `  for (const item of own) {
    const order = orderFrom(item, now);`,
    replace: `  for (const item of own.slice(0, 0)) {
    const order = orderFrom(item, now);`,
    sentence: "After a restart the orders of the trade are not known, and are doubled.",
  },
  {
    id: "fills-are-replayed",
    cause: "F-37",
    file: "engine/recovery.ts",
    find: `  for (const known of fills) trade.executions.set(known.fill.tradeId, known);`,
    replace: "",
    sentence: "Executions that the journal has are booked once more after a restart.",
  },
  {
    id: "unreadable-is-empty",
    cause: "F-38",
    file: "engine/account-desk.ts",
    find: `    this.#journal = journal;
    for (const`,
    replace: `    for (const`,
    sentence: "A journal that is there counts as empty.",
  },
  {
    id: "store-failure-is-ignored",
    cause: "F-39",
    file: "engine/core.ts",
    find: `        this.#modes.enter("STORE_FAILED", event.message, now);`,
    replace: "",
    sentence: "A full disk is no reason to stop entering.",
  },
  {
    id: "safe-mode-enters",
    cause: "F-56",
    file: "engine/modes.ts",
    find: `    return this.#safeMode.mode === "safe" ? "SAFE_MODE" : null;`,
    replace: `    return null;`,
    sentence: "Entries go on in SAFE MODE.",
  },
  {
    id: "intent-after-order",
    cause: "F-62",
    file: "host/entry-gate.ts",
    find: `    if (this.#parts.write(row)) return;
    this.#unwritten = row.clientOrderId;
    this.#parts.tell({ kind: "store-failed", message: "the intent log could not be written" }, now);
  }

  send(command: Command, now: Micros): void {`,
    replace: `    this.late = row;
  }

  send(command: Command, now: Micros): void {
    if (this.late !== undefined && command.clientOrderId === this.late.clientOrderId) {
      const row = this.late;
      this.late = undefined;
      this.#parts.send(command, now);
      this.#parts.write(row);
      return;
    }`,
    sentence: "An entry leaves before its intent is written.",
  },
  {
    id: "recovery-throws",
    cause: "F-61",
    file: "engine/recovery.ts",
    find: `  const trade = newTrade(planOfIntent(settings, intent), true);
  trade.stopLevel = stopLevel ?? trade.stopLevel;`,
    replace: `  const trade = newTrade(planOfIntent(settings, intent), true);
  if (fills.length > 1) throw new Error("more than one execution is known");
  trade.stopLevel = stopLevel ?? trade.stopLevel;`,
    sentence: "Recovery fails on a trade that ended while the daemon was down, and fails again at each start.",
  },
  {
    id: "fees-are-forgotten",
    cause: "F-88",
    file: "execution/trade.ts",
    find: `    trade.fees = addMoney(trade.fees, fill.commission);`,
    replace: `    if (fill.maker !== true) trade.fees = addMoney(trade.fees, fill.commission);`,
    sentence: "The fees of resting orders are missing from a trade's profit.",
  },
  {
    id: "odd-order-ends-the-start",
    cause: "F-60",
    file: "engine/found-orders.ts",
    find: `    if (report.symbol !== instrument.index) return [];`,
    replace: `    if (report.symbol !== instrument.index) throw new Error("an order of another symbol");`,
    sentence: "Recovery of a symbol fails on an order that it does not expect.",
  },
  {
    id: "past-trades-are-dropped",
    cause: "F-78",
    file: "engine/history-desk.ts",
    find: `    this.#past = all.filter(({ plan }) => plan.trade !== running);`,
    replace: `    if (past.length < 0) this.#past = all.filter(({ plan }) => plan.trade !== running);`,
    sentence: "A trade that ended while the daemon was down is never asked about, and is in no books.",
  },
  {
    id: "hand-is-not-seen",
    cause: "F-27",
    file: "engine/reconciliation.ts",
    find: `if (seen >= 2 && (!isAsked || seen >= mismatchesMax)) return`,
    replace: `if (seen >= 1_000_000) return`,
    sentence: "What a person does to the position is asked about for ever, and never accepted.",
    needs: "human at an entry",
  },
];
