/**
 * What the exchange says about the account: the truth about wallet and positions, with its age. Limits are measured on
 * it, never on our own books (failure-catalogue I-13).
 */

import type { AccountSnapshot, FeeRates, PositionReport } from "../domain/event.ts";
import { numberFromMoney } from "../domain/instrument.ts";
import { f64 } from "../domain/typed.ts";
import { type Micros, type Money, micros, type SignedLots, type SymbolIndex } from "../domain/units.ts";

export class Account {
  #wallet: Money | null = null;
  /** wallet and free margin as numbers, which every check of risk asks for */
  #equity: number | null = null;
  #available: number | null = null;
  #provenAt = Number.NEGATIVE_INFINITY;
  #walletAt = Number.NEGATIVE_INFINITY;
  /** that is what it was then, or later, by the exchange's clock */
  #walletTime = Number.NEGATIVE_INFINITY;
  /** what the private stream has said since then stands against the last read, which may be older */
  #standsFrom = Number.NEGATIVE_INFINITY;
  #disputedUntil: Micros | null = null;
  #wasAlive = false;
  /** since when the private stream is proven alive; infinite while it is not */
  #aliveSince = Number.POSITIVE_INFINITY;
  readonly #lots: Float64Array;
  readonly #entryTicks: Float64Array;
  readonly #statedLots: Float64Array;
  readonly #statedEntry: Float64Array;
  /** by the exchange's clock, and by ours */
  readonly #statedAt: Float64Array;
  readonly #heardAt: Float64Array;
  readonly #makerE8: Float64Array;
  readonly #takerE8: Float64Array;

  constructor(symbols: number) {
    this.#lots = new Float64Array(symbols);
    this.#entryTicks = new Float64Array(symbols);
    this.#statedLots = new Float64Array(symbols);
    this.#statedEntry = new Float64Array(symbols);
    this.#statedAt = new Float64Array(symbols).fill(Number.NEGATIVE_INFINITY);
    this.#heardAt = new Float64Array(symbols).fill(Number.NEGATIVE_INFINITY);
    this.#makerE8 = new Float64Array(symbols).fill(Number.NaN);
    this.#takerE8 = new Float64Array(symbols).fill(Number.NaN);
  }

  /**
   * @param lag by which what a read shows may be older than the question
   * @returns false for a snapshot that is older than the last one: then nothing changes
   */
  onSnapshot(snapshot: AccountSnapshot, lag: Micros): boolean {
    if (snapshot.requestedAt < this.#provenAt) return false;
    this.#standsFrom = this.#sinceWhenStands(snapshot.requestedAt, lag);
    this.#readWallet(snapshot, lag);
    this.#available = numberFromMoney(snapshot.available);
    this.#provenAt = snapshot.requestedAt;
    this.#wasAlive ||= this.privateAlive;
    this.#lots.fill(0);
    for (const position of snapshot.positions) this.#hold(position);
    return true;
  }

  /**
   * What the stream said shortly before the question, or after it, is newer than the answer may be (failure-catalogue F-19).
   * If it was away since, what followed may be lost: then the answer tells it (F-07).
   */
  #sinceWhenStands(requestedAt: Micros, lag: Micros): number {
    return Math.min(requestedAt, Math.max(requestedAt - lag, this.#aliveSince));
  }

  /** The stream's word of what followed may be lost all the same: the first read that can lag no more decides. */
  #readWallet({ wallet, requestedAt, asOf }: AccountSnapshot, lag: Micros): void {
    this.#disputedUntil = null;
    if (this.#walletAt < this.#standsFrom) {
      this.#setWallet(wallet);
      this.#walletTime = Math.max(this.#walletTime, asOf - lag);
    } else if (wallet !== this.#wallet && this.#walletAt <= requestedAt) {
      this.#disputedUntil = micros(this.#walletAt + lag + 1);
    }
  }

  /**
   * Said by the private stream, which may repeat itself or tell late: then what it said of a later moment stands
   * (failure-catalogue F-28, F-49).
   *
   * @param time the exchange's
   */
  onWallet(wallet: Money, time: Micros, now: Micros): void {
    if (this.isPast(time)) return;
    this.#walletTime = time;
    this.#setWallet(wallet);
    this.#walletAt = now;
    this.#disputedUntil = null;
  }

  /** Whether it is known already what the wallet was after that, by the exchange's clock. */
  isPast(time: Micros): boolean {
    return time < this.#walletTime;
  }

  /** When a read can tell which is right where the last one shows another wallet than the stream said; null where not. */
  get disputedUntil(): Micros | null {
    return this.#disputedUntil;
  }

  /**
   * Said by the private stream, which does not lag as reads do. What it repeats, or tells late, is over (failure-catalogue
   * F-28, F-49).
   *
   * @param report its `time` is the exchange's
   */
  onPosition(report: PositionReport & { readonly time: Micros }, now: Micros): void {
    if (report.time < f64(this.#statedAt, report.symbol)) return;
    this.#hold(report);
    this.#statedLots[report.symbol] = report.lots;
    this.#statedEntry[report.symbol] = report.entryTicks;
    this.#statedAt[report.symbol] = report.time;
    this.#heardAt[report.symbol] = now;
  }

  /**
   * The last read shows nothing, and the private stream spoke of a position so shortly before it that the read may be older:
   * then what the stream said is kept.
   *
   * @param since what was stated before that, by the exchange's clock, is over
   */
  keepStated(symbol: SymbolIndex, since: number, lag: Micros): boolean {
    const lots = f64(this.#statedLots, symbol) as SignedLots;
    const isHeld = lots !== 0 && f64(this.#statedAt, symbol) > since;
    if (!isHeld || f64(this.#lots, symbol) !== 0 || this.#provenAt > f64(this.#heardAt, symbol) + lag) return false;
    this.#hold({ symbol, lots, entryTicks: f64(this.#statedEntry, symbol) });
    return true;
  }

  #hold(report: PositionReport): void {
    this.#lots[report.symbol] = report.lots;
    this.#entryTicks[report.symbol] = report.entryTicks;
  }

  /** Whether the private stream has said since then that the position is what the last read says. */
  isStated(symbol: SymbolIndex, since: number): boolean {
    return f64(this.#statedAt, symbol) >= since && f64(this.#statedLots, symbol) === f64(this.#lots, symbol);
  }

  /** Whether the private stream has spoken of the position since then, by the exchange's clock. */
  isStatedSince(symbol: SymbolIndex, since: number): boolean {
    return f64(this.#statedAt, symbol) >= since;
  }

  onFees(fees: FeeRates): void {
    this.#makerE8[fees.symbol] = fees.makerE8;
    this.#takerE8[fees.symbol] = fees.takerE8;
  }

  /** @returns whether the stream has come to life again: what it missed must be asked for */
  onPrivateStream(alive: boolean, now: Micros): boolean {
    const isNew = alive && this.#aliveSince === Number.POSITIVE_INFINITY;
    if (isNew) this.#aliveSince = now;
    if (!alive) this.#aliveSince = Number.POSITIVE_INFINITY;
    return isNew;
  }

  get wallet(): Money | null {
    return this.#wallet;
  }

  /** Wallet balance in the quote asset; null before the first snapshot. */
  get equity(): number | null {
    return this.#equity;
  }

  /** Free margin in the quote asset at the last snapshot. */
  get available(): number | null {
    return this.#available;
  }

  /**
   * Whether the private stream is proven alive and the account was read since: only then is silence about an order a
   * statement (failure-catalogue I-04).
   */
  get privateAlive(): boolean {
    return this.#aliveSince <= this.#provenAt;
  }

  /** Whether that was ever so: before, the account is not known yet; after, it is not known any more. */
  get wasAlive(): boolean {
    return this.#wasAlive;
  }

  /** Whether the private stream is alive, read or not. */
  get isAlive(): boolean {
    return this.#aliveSince !== Number.POSITIVE_INFINITY;
  }

  /** Position as the exchange last reported it. */
  reportedLots(symbol: SymbolIndex): SignedLots {
    return f64(this.#lots, symbol) as SignedLots;
  }

  /** Average entry of that position in fractional ticks; 0 when flat. */
  entryTicks(symbol: SymbolIndex): number {
    return f64(this.#entryTicks, symbol);
  }

  /** Position that the equity has: what it closed is in the wallet as the stream has told it, whatever an older read shows. */
  measuredLots(symbol: SymbolIndex): number {
    return f64(this.#stands(symbol) ? this.#statedLots : this.#lots, symbol);
  }

  /**
   * Profit of that position at a price, in ticks × lots; 0 when flat, NaN when the entry or the price is not known.
   *
   * @param price fractional ticks; 0 is not known
   */
  openTickLots(symbol: SymbolIndex, price: number): number {
    const held = this.measuredLots(symbol);
    if (held === 0) return 0;
    const entry = f64(this.#stands(symbol) ? this.#statedEntry : this.#entryTicks, symbol);
    return entry > 0 && price > 0 ? held * (price - entry) : Number.NaN;
  }

  /** Fee of a taker as a fraction; null until the exchange has said it. */
  takerFee(symbol: SymbolIndex): number | null {
    const rate = f64(this.#takerE8, symbol);
    return Number.isNaN(rate) ? null : rate / 1e8;
  }

  makerFee(symbol: SymbolIndex): number | null {
    const rate = f64(this.#makerE8, symbol);
    return Number.isNaN(rate) ? null : rate / 1e8;
  }

  /** Age of the last snapshot, microseconds; infinite before the first. */
  age(now: Micros): number {
    return now - this.#provenAt;
  }

  /** Whether what the private stream said of the position stands against the last read. */
  #stands(symbol: SymbolIndex): boolean {
    return f64(this.#heardAt, symbol) >= this.#standsFrom;
  }

  #setWallet(wallet: Money): void {
    this.#wallet = wallet;
    this.#equity = numberFromMoney(wallet);
  }
}
