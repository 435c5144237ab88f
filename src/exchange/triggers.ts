/** Triggering of conditional orders, and their end. @see binance-usdm.md §2.5, §2.6 */

import { type AlgoOrder, type AlgoStatus, isTriggered } from "./algo.ts";
import { type Desk, takenSide } from "./desk.ts";
import { type Refusal, refusal, refusalText } from "./errors.ts";
import { algoUpdate } from "./events.ts";
import { extraOf, refusalOfExtra } from "./filters.ts";
import { noKey } from "./ladder.ts";
import { closableLots, place, refusalByBook } from "./matching.ts";
import { directionOf, type Order } from "./orders.ts";
import type { ExchangeState } from "./state.ts";
import { e8FromText } from "./text.ts";

/** The price that an algo compares with its trigger, in 10⁻⁸; 0 when there is none yet. */
function workingPrice(desk: Desk, algo: Pick<AlgoOrder, "workingType">): number {
  return algo.workingType === "MARK_PRICE" ? desk.mark : desk.lastPrice * desk.instrument.tickE8;
}

/** Whether the condition holds now. */
export function holds(desk: Desk, algo: Pick<AlgoOrder, "type" | "side" | "workingType" | "trigger">): boolean {
  const price = workingPrice(desk, algo);
  return price > 0 && isTriggered(algo, price, algo.trigger * desk.instrument.tickE8);
}

/** Fires all algos of a symbol whose condition holds. The child of one may end another: each is looked at anew. */
export function runTriggers(state: ExchangeState, desk: Desk): void {
  for (const algo of state.algos.openOf(desk.index)) {
    if (algo.status !== "NEW" || !isDue(desk, algo)) continue;
    if (hasNoBook(desk, algo)) {
      // The live exchange, which has no gaps, triggers it now. A price that comes back meanwhile does not undo that.
      algo.isMet = true;
      desk.awaitsBook = true;
      continue;
    }
    fire(state, desk, algo);
    clearClosed(state, desk);
  }
}

/** The book is there, or changed: what waited for it is hit. */
export function runAwaiting(state: ExchangeState, desk: Desk): void {
  desk.awaitsBook = false;
  runTriggers(state, desk);
}

/** After fills: close-position and GTE_GTC algos expire with the position that they were to close. */
export function clearClosed(state: ExchangeState, desk: Desk): void {
  const closed = desk.closedDirection;
  if (closed === 0) return;
  desk.closedDirection = 0;
  for (const algo of state.algos.openOf(desk.index)) {
    const bound = algo.closePosition || algo.timeInForce === "GTE_GTC";
    if (bound && directionOf(algo.side) === -closed) finish(state, desk, algo, "EXPIRED", null);
  }
}

/** Ends an algo that waits, and tells. */
export function finish(
  state: ExchangeState,
  desk: Desk,
  algo: AlgoOrder,
  status: AlgoStatus,
  child: Order | null,
): void {
  algo.status = status;
  algo.updatedAt = state.nowMs;
  state.algos.close(algo);
  state.refreshTriggers(desk);
  state.emit(algoUpdate(state, desk, algo, child));
}

function fire(state: ExchangeState, desk: Desk, algo: AlgoOrder): void {
  algo.triggeredAt = state.nowMs;
  tell(state, desk, algo, "TRIGGERING", null);
  const fault = state.triggerFaults.get(algo.clientId);
  state.triggerFaults.delete(algo.clientId);
  if (fault === undefined) return execute(state, desk, algo);
  if ("delay" in fault) {
    state.algos.close(algo);
    state.refreshTriggers(desk);
    state.delayed = [...state.delayed, { algo, due: state.now + fault.delay }];
    return;
  }
  algo.reason = fault.reason;
  finish(state, desk, algo, fault.status, null);
}

/** Makes the orders of the delayed triggers that are due. */
export function endDelays(state: ExchangeState, now: number): void {
  const due = state.delayed.filter((one) => one.due <= now);
  if (due.length === 0) return;
  state.delayed = state.delayed.filter((one) => one.due > now);
  for (const { algo } of due) {
    const desk = state.desk(algo.symbol);
    if (algo.status === "TRIGGERING") execute(state, desk, algo);
    clearClosed(state, desk);
  }
}

function execute(state: ExchangeState, desk: Desk, algo: AlgoOrder): void {
  const position = state.account.position(desk.index).lots;
  const wanted = {
    symbol: desk.index,
    side: algo.side,
    type: "MARKET" as const,
    timeInForce: "GTC" as const,
    price: 0,
    lots: algo.closePosition ? Math.abs(position) : algo.lots,
    reduceOnly: algo.reduceOnly || algo.closePosition,
    closePosition: algo.closePosition,
    clientId: algo.clientId,
  };
  const refused = refusalOfChild(state, desk, wanted);
  if (refused !== null) {
    algo.reason = refused.code === -2022 ? "Reduce Only reject" : refusalText(refused);
    finish(state, desk, algo, "REJECTED", null);
    return;
  }
  // Filed before the child executes, so that the child's fills do not find the algo waiting.
  state.algos.close(algo);
  state.refreshTriggers(desk);
  const child = place(state, wanted, (order) => {
    algo.childId = order.id;
    tell(state, desk, algo, "TRIGGERED", order);
  });
  tell(state, desk, algo, "FINISHED", child);
}

/** Resting reduce-only orders do not stand in the way of a triggered child: they are displaced by it. */
function refusalOfChild(state: ExchangeState, desk: Desk, child: Parameters<typeof place>[1]): Refusal | null {
  if (child.reduceOnly && closableLots(state, child) === 0) return refusal(-2022);
  if (!child.reduceOnly) {
    const refused = refusalOfExtra(state, desk, extraOf(desk, child, child.lots));
    if (refused !== null) return refused;
  }
  if (child.clientId !== null && state.orders.openByClientId(desk.index, child.clientId) !== null)
    return refusal(-4116);
  return refusalByBook(desk, child);
}

function isDue(desk: Desk, algo: AlgoOrder): boolean {
  return algo.isMet || (holds(desk, algo) && !isHeldBack(desk, algo));
}

/** A gap of the recording. */
function hasNoBook(desk: Desk, algo: AlgoOrder): boolean {
  return desk.book.bestKey(takenSide(algo.side)) === noKey;
}

/** With price protection an algo waits while mark and last price disagree. */
function isHeldBack(desk: Desk, algo: AlgoOrder): boolean {
  if (!algo.priceProtect || desk.mark === 0 || desk.lastPrice === 0) return false;
  const gap = Math.abs(desk.mark - desk.lastPrice * desk.instrument.tickE8);
  return BigInt(gap) * 100_000_000n > BigInt(desk.mark) * (e8FromText(desk.spec.row.triggerProtect) ?? 0n);
}

function tell(state: ExchangeState, desk: Desk, algo: AlgoOrder, status: AlgoStatus, child: Order | null): void {
  algo.status = status;
  algo.updatedAt = state.nowMs;
  state.emit(algoUpdate(state, desk, algo, child));
}
