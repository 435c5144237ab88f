/** The journal against the exchange: order states (I-05, I-07), executions and sums (I-08), and what a crash leaves (I-24). */

import type { FillRow, OrderRow, PositionRow, Row, TradeRow } from "../../domain/output.ts";
import type { Beginning, Scene } from "./scene.ts";
import type { TrueFill } from "./truth.ts";

const closedStates: ReadonlySet<string> = new Set([
  "filled",
  "cancelled",
  "expired",
  "refused",
  "not-accepted",
  "vanished",
]);
/** Verdicts that say that the exchange has it no more. */
const overStates: ReadonlySet<string> = new Set(["filled", "cancelled", "expired", "vanished"]);
/** Verdicts that say that the exchange never had it. */
const neverStates: ReadonlySet<string> = new Set(["refused", "not-accepted"]);

type State = { readonly state: string; readonly filled: number };
type Sums = { lots: number; cost: number };
/** What a position of a trade paid or was paid, and how much of that the daemon was told; 10⁻⁸ of the quote asset. */
type Funding = { all: bigint; told: bigint };

export class Books {
  /** orders that were taken for refused or never accepted, and were accepted */
  wrongVerdicts = 0;
  readonly #scene: Scene;
  #states = new Map<string, State>();
  /** what this process was told by its journal, or has booked itself */
  #booked = new Set<string>();
  #sums = new Map<string, Sums>();
  /** trades that somebody else had a hand in: their books are not the whole story */
  readonly #shared = new Set<string>();
  /** of which the daemon says itself that it does not know all */
  readonly #unexplained = new Set<string>();
  /** taken over from the exchange by this process: until all executions are known again, rows of positions run ahead */
  readonly #adopted = new Set<string>();
  readonly #open = new Map<number, string>();
  readonly #funding = new Map<string, Funding>();
  /** funding that was not told yet, by when it was paid and for what */
  readonly #untold = new Map<string, { readonly trade: string; readonly amount: bigint }>();
  /** summaries of this turn: what the daemon says of their books comes after its rows */
  readonly #ended: TradeRow[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onBegin({ openTrades, fills }: Beginning): void {
    this.#states = new Map();
    this.#sums = new Map();
    this.#booked = new Set();
    this.#adopted.clear();
    for (const name of fills) {
      const tradeId = name.split(" ")[1] ?? name;
      if (!this.#scene.truth.fills.has(tradeId)) {
        this.#scene.violated("I-24", `the journal has execution ${tradeId}, the exchange has not`);
      }
    }
    for (const { intent, fills: own } of openTrades) {
      const sums = { lots: 0, cost: 0 };
      for (const { side, fill } of own) {
        add(sums, side, fill.quantity, fill.price);
        this.#booked.add(`${intent.symbol} ${fill.tradeId}`);
      }
      this.#sums.set(intent.trade, sums);
    }
  }

  onFill(fill: TrueFill): void {
    const { order, before, after } = fill;
    const running = this.#open.get(order.symbol);
    const isOthers = order.role === null || (order.trade !== running && this.#isWithoutEntry(fill));
    if (isOthers && running !== undefined) this.#shared.add(running);
    if (order.role === "e" && before !== 0 && running !== undefined && running !== order.trade) {
      // Two trades on one position: a leftover of the one filled in the other.
      this.#shared.add(running);
      this.#shared.add(order.trade);
    }
    if (order.role !== null && order.trade !== "" && running === undefined) this.#open.set(order.symbol, order.trade);
    if (after === 0) this.#open.delete(order.symbol);
  }

  /** A stop that no entry has come before, such as the one that proves the stop path: it reduces what another trade has. */
  #isWithoutEntry({ order: { role, trade } }: TrueFill): boolean {
    if (role !== "f") return false;
    for (const one of this.#scene.truth.orders.values()) if (one.role === "e" && one.trade === trade) return false;
    return true;
  }

  /** @param name of the payment: what the message about it can be known by */
  onFunding(symbol: number, amount: bigint, name: string): void {
    const trade = this.#open.get(symbol);
    if (trade === undefined) return;
    const sum = this.#funding.get(trade) ?? { all: 0n, told: 0n };
    sum.all += amount;
    this.#funding.set(trade, sum);
    this.#untold.set(name, { trade, amount });
  }

  /** However often it is told, it was paid once. */
  onFundingTold(name: string): void {
    const paid = this.#untold.get(name);
    if (paid === undefined || !this.#untold.delete(name)) return;
    const sum = this.#funding.get(paid.trade);
    if (sum !== undefined) sum.told += paid.amount;
  }

  /** What a crash took, and the exchange did not tell again: the daemon says itself that its sums are not the whole story. */
  onNotice(code: string, trade: unknown): void {
    if (code === "BOOKS_UNEXPLAINED") {
      this.#shared.add(String(trade));
      this.#unexplained.add(String(trade));
    }
    if (code === "TRADE_ADOPTED") this.#adopted.add(String(trade));
  }

  onRow(row: Row): void {
    switch (row.kind) {
      case "order":
        return this.#onOrder(row);
      case "fill":
        return this.#onFill(row);
      case "position":
        return this.#onPosition(row);
      case "trade":
        this.#ended.push(row);
        return;
      default:
        return;
    }
  }

  onStep(): void {
    if (this.#ended.length === 0) return;
    for (const row of this.#ended.splice(0)) this.#onTrade(row);
  }

  #onOrder(row: OrderRow): void {
    const { clientOrderId: id, state, filled } = row;
    const { truth } = this.#scene;
    const before = this.#states.get(id);
    const told = truth.orders.get(id)?.filled ?? 0;
    if (filled > told) this.#scene.violated("I-07", `${id} counts ${filled} filled, the exchange ${told}`);
    if (before !== undefined) {
      if (filled < before.filled) this.#scene.violated("I-07", `${id} fell from ${before.filled} to ${filled} filled`);
      if (!isLegal(before.state, state)) this.#scene.violated("I-07", `${id} went from ${before.state} to ${state}`);
    }
    if (neverStates.has(state) && before?.state !== state && (truth.orders.has(id) || truth.algos.has(id))) {
      this.wrongVerdicts += 1;
      this.#scene.violated("I-05", `${id} is taken for ${state}, and the exchange has accepted it`);
    }
    const isOpen = truth.openOrders.has(id) || truth.openAlgos.has(id);
    if (overStates.has(state) && before?.state !== state && isOpen && !truth.isRepeated(id)) {
      this.#scene.violated("I-05", `${id} is taken for ${state}, and it is open at the exchange`);
    }
    this.#states.set(id, { state, filled });
  }

  /** One that only a trade of which the journal has lost the intent had is written again, and kept once by its key. */
  #onFill(row: FillRow): void {
    const name = `${row.symbol} ${row.tradeId}`;
    if (this.#booked.has(name)) this.#scene.violated("I-07", `execution ${row.tradeId} was booked twice`);
    this.#booked.add(name);
    const fill = this.#scene.truth.fills.get(row.tradeId);
    if (fill === undefined || fill.price !== row.price || fill.lots !== row.quantity) {
      this.#scene.violated("I-08", `execution ${row.tradeId} is booked as ${row.quantity} at ${row.price}`);
    }
    const sums = this.#sums.get(row.trade ?? "") ?? { lots: 0, cost: 0 };
    add(sums, row.side, row.quantity, row.price);
    this.#sums.set(row.trade ?? "", sums);
  }

  #onPosition(row: PositionRow): void {
    const sums = this.#sums.get(row.trade ?? "");
    if (row.trade === null || sums === undefined) return;
    if (this.#shared.has(row.trade) || this.#adopted.has(row.trade)) return;
    if (sums.lots !== row.lots || sums.cost !== row.cost) {
      const own = `its executions come to ${sums.lots} at ${sums.cost}`;
      this.#scene.violated("I-08", `position ${row.lots} at ${row.cost} of ${row.trade}, ${own}`);
    }
  }

  #onTrade(row: TradeRow): void {
    const left = this.#unexplained.has(row.trade) ? 0 : (this.#sums.get(row.trade)?.lots ?? 0);
    if (left !== 0) this.#scene.violated("I-08", `${row.trade} is over, and its executions leave ${left} lots`);
    if (this.#shared.has(row.trade)) return;
    const { tick = 0, step = 0 } = this.#scene.grids[row.symbol] ?? {};
    const perTickLot = BigInt(Math.round(tick * step * 1e8));
    let gross = 0n;
    let fees = 0n;
    let entered = 0;
    for (const { order, before, after, price, fee, lots } of this.#scene.truth.fills.values()) {
      if (order.trade !== row.trade) continue;
      gross += BigInt((before - after) * price);
      fees += fee;
      if (order.role === "e") entered += lots;
    }
    if (entered === 0) return;
    // What was paid between two processes is known to neither.
    const funding = this.#adopted.has(row.trade) ? undefined : (this.#funding.get(row.trade) ?? { all: 0n, told: 0n });
    if (funding !== undefined && row.funding !== funding.all && row.funding !== funding.told) {
      const paid = `the exchange ${funding.all}, of which ${funding.told} was told`;
      this.#scene.violated("I-08", `${row.trade}: funding ${row.funding}; ${paid}`);
    }
    const said = `${row.trade}: ${row.quantity} lots, gross ${row.grossPnl}, fees ${row.fees}`;
    if (row.grossPnl !== gross * perTickLot || row.fees !== fees || row.quantity !== entered) {
      this.#scene.violated("I-08", `${said}; the exchange has ${entered}, ${gross * perTickLot}, ${fees}`);
    }
  }
}

function add(sums: Sums, side: "buy" | "sell", lots: number, price: number): void {
  const signed = side === "buy" ? lots : -lots;
  sums.lots += signed;
  sums.cost += signed * price;
}

/** Words are the journal's; from `triggered` there is no way back to waiting. */
function isLegal(before: string, after: string): boolean {
  if (before === after) return true;
  if (closedStates.has(before) || after === "sent") return false;
  return before !== "triggered" || after !== "live";
}
