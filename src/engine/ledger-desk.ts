/**
 * Asks the exchange's ledger what moved the wallet while nobody told: after a start, when the private stream was away, and
 * when a read of the account shows another wallet than the stream said. Funding goes to the trade that was open, transfers
 * to the measures of the session; until then nothing is measured, since a withdrawal would be a loss. Ledger and account may
 * lag, each by its own time: an answer is believed when the two add up (requirements ORD-4, RSK-4; failure-catalogue F-07).
 */

import type { Account } from "../account/account.ts";
import { explains } from "../account/explains.ts";
import type { Settings } from "../config/schema.ts";
import type { AccountSnapshot, AskedAt, IncomeReport, IncomeRow, Outcome } from "../domain/event.ts";
import type { Output } from "../domain/output.ts";
import {
  addMoney,
  type Micros,
  type Money,
  micros,
  microsFromMillis,
  microsFromSeconds,
  microsPerMinute,
  microsPerSecond,
  minus,
  noMoney,
  plus,
  subtractMoney,
} from "../domain/units.ts";
import { Patience } from "./patience.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import type { SymbolDesk } from "./symbol-desk.ts";

export type LedgerPorts = {
  readonly settings: () => Settings;
  readonly account: Account;
  readonly session: SessionKeeper;
  readonly desks: () => readonly SymbolDesk[];
  readonly emit: (output: Output) => void;
  readonly readAgainBy: (at: number, now: Micros) => void;
  /** the equity may be measured */
  readonly measure: (now: Micros) => void;
};

/** The ledger lags behind the balance by no more than this, clocks included. */
const lagMicros = microsPerMinute;
/** What an answer does not explain is looked at again after so long: either of the two reads may have lagged. */
const againMicros = 10 * microsPerSecond;
/** The exchange shows three months. @see binance-usdm.md §4.2, income */
const shownMicros = 85 * 1_440 * microsPerMinute;

export class LedgerDesk {
  readonly #ports: LedgerPorts;
  /** the next read of the account is followed by a question */
  #isWanted = false;
  /** what happened was not watched */
  #isBlind = false;
  /** what has been asked for is not known yet; trades and measures wait */
  #isOpen = false;
  #isAwaited = false;
  /** another read is to be explained since the question left that is awaited: what moved the wallet meanwhile, that one may lack */
  #isOutdated = false;
  #hasGivenUp = false;
  readonly #patience = new Patience();
  /** exchange time of the account read that is to be explained, as near as we know it */
  #readAt: Micros = micros(0);
  /** of the last question, by the same clock, and how far that is ahead of our own (failure-catalogue F-26) */
  #askedAt: Micros = micros(0);
  #ahead: Micros = micros(0);
  /** begin of the oldest trade whose fundings are wanted; infinite when those since the last read are */
  #oldest = Number.POSITIVE_INFINITY;
  /** as it was told or read last */
  #wallet: Money | null = null;
  /** as it was when all of it was explained, with the transfers told since; null at a start */
  #known: Money | null = null;
  /** as the read shows it that is to be explained */
  #shown: Money = noMoney;
  /** exchange time of the first read that nothing has explained since; null where all is explained */
  #doubtedAt: Micros | null = null;
  /** Earliest time at which {@link onTimer} must be called; infinite when nothing waits. */
  wakeAt = Number.POSITIVE_INFINITY;

  constructor(ports: LedgerPorts) {
    this.#ports = ports;
  }

  /** Whether the wallet may hold what nobody has told yet. */
  get isUnexplained(): boolean {
    return (this.#isWanted || this.#isOpen) && !this.#hasGivenUp;
  }

  /** Whether that is so because nobody watched, and somebody does again: what the limits say is not known then. */
  get isBlind(): boolean {
    return this.#isBlind && this.isUnexplained && this.#ports.account.privateAlive;
  }

  /** Given up, transfers until then count as what they seem; null where not; exchange time. */
  get givenUpTo(): Micros | null {
    return this.#hasGivenUp ? this.#readAt : null;
  }

  /** @param begun when the trades began whose end an earlier run did not see */
  recover(begun: readonly Micros[]): void {
    this.#oldest = Math.min(...begun, this.#oldest);
    if (begun.length > 0 || this.#ports.session.ledger !== null) this.#want(true);
  }

  /** The private stream was away and is back: the next read of the account is to be explained. */
  onReconnected(): void {
    if (this.#ports.session.ledger !== null) this.#want(true);
  }

  /** The private stream has spoken of the wallet. @param transfer that nobody had told before */
  onWallet(transfer: Money): void {
    this.#wallet = this.#ports.account.wallet;
    // What else moved it while nobody listened may be in what it is now: only this much of that is explained.
    if (!this.#isWanted && !this.#isOpen) this.#known = this.#wallet;
    else if (this.#known !== null) this.#known = addMoney(this.#known, transfer);
  }

  /** A read of the account was taken over. */
  onSnapshot({ requestedAt, asOf }: AccountSnapshot, now: Micros): void {
    const { account, session } = this.#ports;
    // It may be older than the stream's word, which stands against it, or newer: what explained it could be counted twice.
    if (account.disputedUntil !== null) return;
    const isOther = this.#wallet !== null && account.wallet !== this.#wallet;
    this.#wallet = account.wallet;
    if (session.ledger === null) session.onLedgerKnown(asOf, now);
    if (isOther) this.#want(false);
    if (this.#isWanted) return this.#begin({ requestedAt, asOf }, now);
    if (this.#isOpen) return;
    this.#known = account.wallet;
    if (account.privateAlive) session.onLedgerKnown(micros(asOf - lagMicros), now);
  }

  onReport({ rows }: IncomeReport, now: Micros): void {
    if (!this.#isOpen) return;
    if (this.#isOutdated) return this.#send(now);
    if (!this.#isExplained(rows)) return this.#lookAgain(now);
    const { session, desks } = this.#ports;
    const isMeasured = this.#hasGivenUp;
    this.#isAwaited = false;
    this.#isOpen = false;
    // The stream may have been away once more since that read: then the next one is to be explained, too.
    this.#isBlind = this.#isWanted;
    this.#hasGivenUp = false;
    this.#known = this.#shown;
    this.#doubtedAt = null;
    this.#oldest = Number.POSITIVE_INFINITY;
    this.wakeAt = Number.POSITIVE_INFINITY;
    session.onLedgerRead(rows, this.#readAt, micros(this.#askedAt - lagMicros), isMeasured, now);
    for (const { instrument, manager, history } of desks()) {
      manager.onLedger(
        rows.filter((row) => row.kind === "funding" && row.symbol === instrument.index),
        now,
      );
      history.onLedger(now);
    }
    this.#ports.measure(now);
  }

  onOutcome(outcome: Outcome, now: Micros): void {
    if (!this.#isAwaited || outcome.kind === "ok") return;
    this.#isAwaited = false;
    const interval = microsFromMillis(this.#ports.settings().protection.lookup_interval_ms);
    const wait = this.#patience.waitAfter(outcome, interval);
    if (this.#patience.isOver) return this.#giveUp(outcome, now);
    this.wakeAt = now + wait;
  }

  onTimer(now: Micros): void {
    if (now < this.wakeAt) return;
    // The adapter answers each request; this is the second line, for an answer that never comes.
    if (this.#isAwaited) this.onOutcome({ kind: "unknown", cause: "no answer" }, now);
    else this.#send(now);
  }

  #want(isBlind: boolean): void {
    this.#isWanted = true;
    this.#isBlind ||= isBlind;
    for (const { manager } of this.#ports.desks()) manager.awaitLedger();
  }

  #begin({ requestedAt, asOf }: AskedAt, now: Micros): void {
    this.#isWanted = false;
    this.#isOpen = true;
    this.#readAt = asOf;
    this.#doubtedAt ??= asOf;
    this.#shown = this.#ports.account.wallet ?? noMoney;
    this.#ahead = minus(asOf, requestedAt);
    this.#isOutdated = this.#isAwaited;
    if (this.#isAwaited) return;
    this.#patience.reset();
    this.#send(now);
  }

  #send(now: Micros): void {
    const { emit, session, settings } = this.#ports;
    this.#patience.onAsked();
    this.#isOutdated = false;
    this.#isAwaited = true;
    this.#askedAt = plus(now, this.#ahead);
    this.wakeAt = now + 2 * microsFromMillis(settings().venue.reply_timeout_ms);
    const wanted = Math.min(session.ledger?.readTo ?? this.#askedAt, this.#oldest - lagMicros);
    emit({ kind: "query-income", since: micros(Math.max(wanted, this.#askedAt - shownMicros)) });
  }

  /**
   * Whether the answer and the read that it is to explain tell of the same. Once the ledger can lag behind that no more it
   * counts as it is: losses are not left unmeasured for what never adds up.
   */
  #isExplained(rows: readonly IncomeRow[]): boolean {
    if (this.#askedAt - lagMicros >= (this.#doubtedAt ?? this.#readAt)) return true;
    const untold = this.#ports.session.untold(rows, this.#readAt);
    if (this.#known !== null) return explains(rows, subtractMoney(this.#shown, this.#known), new Set(untold));
    // What the wallet was before the start nobody knows: the read has what is older than its own lag.
    const lag = microsFromSeconds(this.#ports.settings().protection.absence_proof_seconds);
    return untold.every(({ time }) => time < this.#readAt - lag);
  }

  #lookAgain(now: Micros): void {
    this.#isAwaited = false;
    this.#isOpen = false;
    this.#isWanted = true;
    this.wakeAt = Number.POSITIVE_INFINITY;
    this.#ports.readAgainBy(now + againMicros, now);
  }

  /** Losses are not left unmeasured for ever: what nobody explains counts as one. Each read of the account asks again. */
  #giveUp(outcome: Outcome, now: Micros): void {
    const { desks, emit, measure, session } = this.#ports;
    const cause = outcome.kind === "ok" ? "" : outcome.kind === "unknown" ? outcome.cause : outcome.message;
    if (!this.#hasGivenUp)
      emit({ kind: "notice", level: "error", code: "INCOME_UNREAD", symbol: null, fields: { cause } });
    this.#hasGivenUp = true;
    // A day that begins with what is measured now needs no older transfers; open trades still want their fundings.
    this.#oldest = Math.min(this.#oldest, (session.ledger?.readTo ?? this.#readAt) + lagMicros);
    this.#isWanted = true;
    this.#isOpen = false;
    this.wakeAt = Number.POSITIVE_INFINITY;
    for (const { manager, history } of desks()) {
      manager.onLedger([], now);
      history.onLedger(now);
    }
    measure(now);
  }
}
