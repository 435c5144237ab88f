/** Wallet, positions and the ledger of the account: one-way positions, cross margin, one asset. Money in 10⁻⁸ USDT. */

import { present } from "../domain/assert.ts";
import { divideRounded } from "./text.ts";

export type Position = {
  /** positive is long */
  lots: number;
  /** what the open lots cost, positive on both sides */
  cost: bigint;
  /** cost and lots at the last increase: the entry average does not change when the position shrinks */
  entryCost: bigint;
  entryLots: bigint;
  /** fees of the open lots, for the break-even price */
  openFees: bigint;
  /** realised since the symbol was first traded, fees apart */
  realised: bigint;
  /** milliseconds */
  updatedAt: number;
};

export type IncomeType = "REALIZED_PNL" | "COMMISSION" | "FUNDING_FEE" | "INSURANCE_CLEAR" | "TRANSFER";

export type IncomeRow = {
  /** null: of no symbol, as a transfer is */
  readonly symbol: number | null;
  readonly type: IncomeType;
  readonly amount: bigint;
  /** milliseconds */
  readonly time: number;
  readonly id: bigint;
  readonly tradeId: bigint | null;
};

/** Ledger rows that are remembered; the wallet holds the sum of the older ones. */
export const incomeRowsMax = 50_000;

export class Account {
  wallet: bigint;
  readonly positions: readonly Position[];
  readonly income: IncomeRow[] = [];
  #incomeId: bigint;

  constructor(wallet: bigint, symbols: number, firstIncomeId: bigint) {
    this.wallet = wallet;
    this.positions = Array.from({ length: symbols }, flatPosition);
    this.#incomeId = firstIncomeId;
  }

  get lastIncomeId(): bigint {
    return this.#incomeId;
  }

  restore(wallet: bigint, lastIncomeId: bigint, income: readonly IncomeRow[]): void {
    this.wallet = wallet;
    this.#incomeId = lastIncomeId;
    this.income.splice(0, this.income.length, ...income);
  }

  position(symbol: number): Position {
    return present(this.positions[symbol], "position");
  }

  /**
   * Books a fill and gives the realised profit.
   *
   * @param signedLots positive buys
   * @param value price × quantity, 10⁻⁸ USDT
   */
  fill(symbol: number, signedLots: number, value: bigint, fee: bigint, tradeId: bigint, time: number): bigint {
    const position = this.position(symbol);
    const realised = applyFill(position, signedLots, value, fee);
    position.updatedAt = time;
    if (realised !== 0n) this.book(symbol, "REALIZED_PNL", realised, time, tradeId);
    if (fee !== 0n) this.book(symbol, "COMMISSION", -fee, time, tradeId);
    return realised;
  }

  /** The one way in which the wallet changes. */
  book(symbol: number | null, type: IncomeType, amount: bigint, time: number, tradeId: bigint | null): void {
    this.wallet += amount;
    this.#incomeId += 1n;
    this.income.push({ symbol, type, amount, time, id: this.#incomeId, tradeId });
    if (this.income.length >= 2 * incomeRowsMax) this.income.splice(0, incomeRowsMax);
  }
}

function flatPosition(): Position {
  return { lots: 0, cost: 0n, entryCost: 0n, entryLots: 0n, openFees: 0n, realised: 0n, updatedAt: 0 };
}

/** Price difference of the open lots: what `value` of them would realise. */
export function unrealised(position: Position, valueOfOpenLots: bigint): bigint {
  return position.lots >= 0 ? valueOfOpenLots - position.cost : position.cost - valueOfOpenLots;
}

function applyFill(position: Position, signedLots: number, value: bigint, fee: bigint): bigint {
  if (position.lots === 0 || Math.sign(position.lots) === Math.sign(signedLots)) {
    increase(position, signedLots, value, fee);
    return 0n;
  }
  const open = Math.abs(position.lots);
  const traded = Math.abs(signedLots);
  const closed = Math.min(open, traded);
  const closedValue = closed === traded ? value : (value * BigInt(closed)) / BigInt(traded);
  const realised = decrease(position, closed, closedValue);
  const rest = traded - closed;
  // A reversal starts at the price of the fill, with its share of the fee.
  if (rest > 0) {
    increase(position, Math.sign(signedLots) * rest, value - closedValue, (fee * BigInt(rest)) / BigInt(traded));
  }
  return realised;
}

function increase(position: Position, signedLots: number, value: bigint, fee: bigint): void {
  position.lots += signedLots;
  position.cost += value;
  position.openFees += fee;
  position.entryCost = position.cost;
  position.entryLots = BigInt(Math.abs(position.lots));
}

/**
 * The released cost is rounded to 10⁻⁸ and the rest kept, so that over the life of a position the realised profits sum
 * up to what was received less what was paid, to the last unit.
 */
function decrease(position: Position, closed: number, value: bigint): bigint {
  const open = Math.abs(position.lots);
  const released = divideRounded(position.cost * BigInt(closed), BigInt(open));
  const realised = position.lots > 0 ? value - released : released - value;
  position.openFees -= divideRounded(position.openFees * BigInt(closed), BigInt(open));
  position.cost -= released;
  position.realised += realised;
  position.lots -= Math.sign(position.lots) * closed;
  if (position.lots === 0) {
    position.entryCost = 0n;
    position.entryLots = 0n;
    position.openFees = 0n;
  }
  return realised;
}
