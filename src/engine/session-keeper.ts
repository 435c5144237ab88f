/**
 * Keeps the one session state of a core: feeds it what happens, journals each change, tells what there is to tell, and
 * says what follows from it. The rules themselves are risk/session.ts.
 */

import { readBooking, toldBooking, withBooking } from "../account/bookings.ts";
import type { Settings } from "../config/schema.ts";
import type { Control, IncomeRow } from "../domain/event.ts";
import { numberFromMoney } from "../domain/instrument.ts";
import type { Journal } from "../domain/journal.ts";
import type { Side } from "../domain/order.ts";
import type { TradeId } from "../domain/order-id.ts";
import type { Output } from "../domain/output.ts";
import type { LedgerState, SessionState } from "../domain/session.ts";
import {
  addMoney,
  type Micros,
  type Money,
  micros,
  microsFromSeconds,
  microsPerMinute,
  microsPerSecond,
  noMoney,
} from "../domain/units.ts";
import {
  newSession,
  nextTime,
  onControl,
  onEquity,
  onFlat,
  onTime,
  onTradeClosed,
  onTradeOpened,
  onTradeVoided,
  onTransfer,
  quietRange,
  type SessionSettings,
  type SessionStep,
  withCooldown,
  withTradeAt,
} from "../risk/session.ts";

/** A new highest equity alone is journalled no more often than this: with an open position it may come with each mark. */
const peakRowMicros = microsPerSecond;

/** Transfers that are remembered one by one: more in a minute nobody makes. */
const transfersMax = 100;
/** That the ledger is known further is journalled no more often than this. */
const ledgerRowMicros = 10 * microsPerMinute;

export type SessionFloor = {
  /** those of the account, without what symbols override */
  readonly settings: () => Settings;
  /** quote asset, on the configured basis; null when not known */
  readonly equity: () => number | null;
  /** the equity may hold a transfer that nobody has told yet */
  readonly isUnexplained: () => boolean;
  /** transfers until then are in the equity, and are measured, since nobody named them; exchange time; null where not so */
  readonly givenUpTo: () => Micros | null;
  readonly emit: (output: Output) => void;
};

export class SessionKeeper {
  readonly #floor: SessionFloor;
  #state: SessionState | null = null;
  #quiet: { readonly low: number; readonly high: number } | null = null;
  #peakRowAt = Number.NEGATIVE_INFINITY;
  /** entries of an earlier run that nothing is known to have filled of, and when they left: they are no trades yet */
  readonly #unfilled = new Map<TradeId, Micros>();
  /** how many trades of an earlier run are known to have begun at a moment */
  readonly #foundAt = new Map<Micros, number>();

  constructor(floor: SessionFloor) {
    this.#floor = floor;
  }

  /** A core that was told of none begins with a fresh one. */
  stateAt(now: Micros): SessionState {
    this.#state ??= newSession(now);
    return this.#state;
  }

  get isHeld(): boolean {
    return this.#state !== null && (this.#state.hold.kind !== "none" || this.#state.flattening !== null);
  }

  get isFlattening(): boolean {
    return this.#state !== null && this.#state.flattening !== null;
  }

  /** When {@link onTime} is due. */
  get wakeAt(): number {
    return this.#state === null ? Number.POSITIVE_INFINITY : nextTime(this.#state);
  }

  /** Goes on where an earlier run ended; entries whose row was lost with it count too, where they filled or still may. */
  restore(journal: Journal, now: Micros): void {
    let state = journal.session ?? newSession(now);
    const proof = microsFromSeconds(this.#floor.settings().protection.absence_proof_seconds);
    for (const { intent, fills } of journal.openTrades) {
      if (fills.length > 0 || intent.time + proof > now) state = this.#withFound(state, intent.time, now);
      else this.#unfilled.set(intent.trade, intent.time);
    }
    this.#state = state;
    this.onTime(now);
  }

  /** A trade is found to have executed: of an earlier run, it counts from when its entry left. */
  onExecuted(trade: TradeId, now: Micros): void {
    const leftAt = this.#unfilled.get(trade);
    if (leftAt === undefined) return;
    this.#unfilled.delete(trade);
    this.#apply({ state: this.#withFound(this.stateAt(now), leftAt, now), events: [] }, now);
  }

  #withFound(state: SessionState, leftAt: Micros, now: Micros): SessionState {
    const nth = 1 + (this.#foundAt.get(leftAt) ?? 0);
    this.#foundAt.set(leftAt, nth);
    return withTradeAt(state, leftAt, nth, now);
  }

  onTime(now: Micros): void {
    this.#apply(this.#begun(onTime(this.stateAt(now), this.#explained(), now)), now);
  }

  /** The account or the mark price moved. Allocates nothing while no limit and no peak is touched. */
  onEquity(now: Micros): void {
    const equity = this.#floor.equity();
    if (equity === null || !Number.isFinite(equity)) return;
    const quiet = this.#quiet;
    if (quiet !== null && equity > quiet.low && equity <= quiet.high) return;
    this.#apply(this.#begun(onEquity(this.stateAt(now), equity, now, this.#limits())), now);
    if (this.#state !== null) this.#quiet = quietRange(this.#state, this.#limits());
  }

  /** How far the exchange's ledger is known; null before the account was read. */
  get ledger(): LedgerState | null {
    return this.#state?.ledger ?? null;
  }

  /** Nothing moved the wallet until then that we do not know of; exchange time. It never goes back. */
  onLedgerKnown(readTo: Micros, now: Micros): void {
    const state = this.stateAt(now);
    if (state.ledger === null)
      return this.#apply({ state: withLedger(state, { readTo, transfers: [] }), events: [] }, now);
    if (readTo < state.ledger.readTo + ledgerRowMicros) return;
    this.#apply({ state: withLedger(state, { ...state.ledger, readTo }), events: [] }, now);
  }

  /**
   * The private stream tells of a transfer.
   *
   * @param amount negative was withdrawn
   * @param time exchange time
   * @param isCounted whether the equity had it before it was told: where that was measured, peaks have followed a deposit
   * @returns whether nobody had told it before
   */
  onTransfer(amount: Money, time: Micros, isCounted: boolean, now: Micros): boolean {
    const state = this.stateAt(now);
    const { ledger } = state;
    const { known, isNew } = withBooking(ledger?.transfers ?? [], toldBooking(amount, time), transfersMax);
    const next = ledger === null ? state : withLedger(state, { ...ledger, transfers: known });
    if (isNew) this.#move(next, amount, isCounted, isCounted && !this.#floor.isUnexplained(), now);
    else this.#apply({ state: next, events: [] }, now);
    return isNew;
  }

  /** Transfers of the ledger that nobody has told yet. @param to exchange time */
  untold(rows: readonly IncomeRow[], to: Micros): readonly IncomeRow[] {
    return taken(this.ledger, rows, to).fresh;
  }

  /**
   * The exchange's ledger has been read: what the private stream did not tell is taken in now. The equity has it.
   *
   * @param to transfers until then are in the equity; exchange time, as is `readTo`, until when there will be no other
   * @param isMeasured whether that equity was measured before
   */
  onLedgerRead(rows: readonly IncomeRow[], to: Micros, readTo: Micros, isMeasured: boolean, now: Micros): void {
    const state = this.stateAt(now);
    const from = state.ledger?.readTo ?? to;
    const { transfers, fresh } = taken(state.ledger, rows, to);
    const moved = fresh.reduce((sum, { amount }) => addMoney(sum, amount), noMoney);
    const ledger = {
      readTo: micros(Math.max(from, readTo)),
      transfers: transfers.filter(({ time }) => time >= readTo),
    };
    const next = withLedger(state, ledger);
    if (moved === noMoney) this.#apply({ state: next, events: [] }, now);
    else this.#move(next, moved, true, isMeasured, now);
  }

  #move(state: SessionState, money: Money, isCounted: boolean, isMeasured: boolean, now: Micros): void {
    const amount = numberFromMoney(money);
    const equity = this.#floor.equity();
    const before = equity === null || !isCounted ? equity : equity - amount;
    const next = onTransfer(state, amount, before);
    const { dayPeakEquity, peakEquity } = state;
    const events = [{ event: "TRANSFERRED", amount }] as const;
    this.#apply({ state: isMeasured && amount > 0 ? { ...next, dayPeakEquity, peakEquity } : next, events }, now);
  }

  onOpened(now: Micros): void {
    this.#apply(onTradeOpened(this.stateAt(now), now, this.#limits()), now);
  }

  onVoided(openedAt: Micros, now: Micros): void {
    this.#apply({ state: onTradeVoided(this.stateAt(now), openedAt), events: [] }, now);
  }

  /** @param netPnl quote asset */
  onClosed(netPnl: number, symbol: string, side: Side, until: Micros, now: Micros): void {
    const closed = onTradeClosed(this.stateAt(now), netPnl);
    this.#apply({ state: withCooldown(closed, { symbol, side, until }, now), events: [] }, now);
  }

  onControl(control: Control, now: Micros): void {
    this.#apply(this.#begun(onControl(this.stateAt(now), control, this.#explained(), now)), now);
  }

  /** Nothing is open any more. */
  onFlat(now: Micros): void {
    this.#apply(onFlat(this.stateAt(now)), now);
  }

  /** Other limits may stand reached by what is known already. */
  onSettings(now: Micros): void {
    this.#quiet = null;
    if (!this.#floor.isUnexplained()) this.onEquity(now);
  }

  /**
   * What measures may begin anew with; null while the wallet may hold a transfer that nobody has told. One that is in it
   * already would be taken off a second time once it is explained (failure-catalogue F-07, I-13).
   */
  #explained(): number | null {
    return this.#floor.isUnexplained() ? null : this.#floor.equity();
  }

  /**
   * What begins anew with an equity that the ledger was given up for has its transfers in it: they are not moved once more
   * when they are named after all. What does not begin anew keeps them as the loss or profit that they were measured as.
   */
  #begun(step: SessionStep): SessionStep {
    const { ledger, limitEquity } = step.state;
    const to = this.#floor.givenUpTo();
    if (to === null || ledger === null || to < ledger.readTo) return step;
    if (limitEquity === null || limitEquity === this.#state?.limitEquity) return step;
    return { ...step, state: withLedger(step.state, { ...ledger, readTo: micros(to + 1) }) };
  }

  #limits(): SessionSettings {
    const { risk, guardrails } = this.#floor.settings();
    return { session: risk.session, drawdownPct: guardrails.drawdown_pct };
  }

  #apply({ state, events }: SessionStep, now: Micros): void {
    const before = this.#state;
    if (state !== before) {
      this.#state = state;
      this.#quiet = null;
      if (before === null || !isPeakOnly(before, state) || now >= this.#peakRowAt + peakRowMicros) {
        this.#peakRowAt = now;
        this.#floor.emit({ kind: "session", state, equity: this.#floor.equity(), time: now });
      }
    }
    for (const event of events) this.#floor.emit({ kind: "risk-event", symbol: null, time: micros(now), ...event });
  }
}

function withLedger(state: SessionState, ledger: LedgerState): SessionState {
  return { ...state, ledger };
}

/** What is known with those rows, and which of them were not known before. */
function taken(ledger: LedgerState | null, rows: readonly IncomeRow[], to: Micros) {
  let transfers = ledger?.transfers ?? [];
  const fresh: IncomeRow[] = [];
  for (const row of rows) {
    if (row.kind !== "transfer" || row.time < (ledger?.readTo ?? to) || row.time > to) continue;
    const { known, isNew } = withBooking(transfers, readBooking(row.id, row.amount, row.time), transfersMax);
    transfers = known;
    if (isNew) fresh.push(row);
  }
  return { transfers, fresh };
}

/** Whether nothing but a highest equity is new. */
function isPeakOnly(before: SessionState, after: SessionState): boolean {
  return (
    before.dayStartEquity === after.dayStartEquity &&
    before.limitEquity === after.limitEquity &&
    before.day === after.day &&
    before.realisedToday === after.realisedToday &&
    before.tradeTimes === after.tradeTimes &&
    before.tradesToldAt === after.tradesToldAt &&
    before.hold === after.hold &&
    before.flattening === after.flattening &&
    before.scale === after.scale &&
    before.reached === after.reached &&
    before.ledger === after.ledger &&
    before.cooldowns === after.cooldowns
  );
}
