/**
 * Carries out what limits ask for: the account is measured when it moves, entries that rest are withdrawn or everything is
 * closed at the next turn, and it is told when nothing is open any more. The limits themselves are the session's.
 */

import type { Account } from "../account/account.ts";
import { type Micros, type Money, noMoney } from "../domain/units.ts";
import type { Trade } from "../execution/trade.ts";
import { areFlat } from "./open-positions.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import type { SymbolDesk } from "./symbol-desk.ts";

export type LimitWatchPorts = {
  readonly account: Account;
  readonly session: SessionKeeper;
  readonly desks: () => readonly SymbolDesk[];
  /** the wallet may hold what nobody has told yet: measured now, a withdrawal would be a loss */
  readonly isUnexplained: () => boolean;
  /** nothing is open, or may be, that no trade holds yet */
  readonly knowsWhatIsOpen: (now: Micros) => boolean;
};

type Wallet = { readonly wallet: Money; readonly transfer: Money /** exchange time */; readonly time: Micros };

export class LimitWatch {
  readonly #ports: LimitWatchPorts;
  /** wallet or positions are new; they come one by one and fit each other only when all are here: the next turn measures */
  #mustMeasure = false;
  /** entries that rest are cancelled at the next turn */
  #mustWithdraw = false;

  constructor(ports: LimitWatchPorts) {
    this.#ports = ports;
  }

  get mustMeasure(): boolean {
    return this.#mustMeasure;
  }

  /** When {@link onTimer} is due. */
  get wakeAt(): number {
    return this.#mustWithdraw || this.#isDue ? 0 : this.#ports.session.wakeAt;
  }

  /** The next turn measures. */
  get #isDue(): boolean {
    return this.#mustMeasure && !this.#ports.isUnexplained();
  }

  /**
   * Before anything is taken in: a machine may have slept, and a loss that is found when it wakes counts in the day that it
   * is found in, from what was known before. Where wallet and position are just coming in, the next turn begins that day.
   */
  passTime(now: Micros): void {
    if (now >= this.#ports.session.wakeAt && !this.#isDue) this.#ports.session.onTime(now);
  }

  withdrawEntries(): void {
    this.#mustWithdraw = true;
  }

  onPosition(): void {
    this.#mustMeasure = true;
  }

  /**
   * A transfer is told to the session before the equity shows it: else it would be measured as profit or loss.
   *
   * @returns what of it nobody had told before
   */
  onWallet({ wallet, transfer, time }: Wallet, now: Micros): Money {
    const { account, session } = this.#ports;
    const isCounted = account.isPast(time) || account.wallet === wallet;
    const isNew = transfer !== noMoney && session.onTransfer(transfer, time, isCounted, now);
    account.onWallet(wallet, time, now);
    this.#mustMeasure = true;
    return isNew ? transfer : noMoney;
  }

  measure(now: Micros): void {
    this.#mustMeasure = this.#ports.isUnexplained();
    if (this.#mustMeasure) return;
    this.#ports.session.onEquity(now);
    for (const { risk } of this.#ports.desks()) risk.onPosition(now);
  }

  onTimer(now: Micros): void {
    const { session, desks } = this.#ports;
    if (now >= session.wakeAt) session.onTime(now);
    if (this.#mustMeasure) this.measure(now);
    if (this.#mustWithdraw) {
      this.#mustWithdraw = false;
      for (const { manager, turned } of desks()) {
        if (!session.isFlattening) manager.cancelEntry(now);
        else for (const one of [turned, manager]) one.close("RISK_LIMIT", now);
      }
    }
  }

  /** After everything that may have moved a limit. */
  enforce(now: Micros): void {
    const { session, desks, knowsWhatIsOpen } = this.#ports;
    if (!session.isHeld) return;
    if (session.isFlattening && areFlat(desks()) && knowsWhatIsOpen(now)) session.onFlat(now);
    const acts = session.isFlattening ? isClosable : isEntering;
    const trades = desks().flatMap(({ manager, turned }) => [manager.trade, turned.trade]);
    if (trades.some((trade) => trade !== null && acts(trade))) this.#mustWithdraw = true;
  }
}

function isClosable({ closing }: Trade): boolean {
  return closing === null;
}

/** An entry that works, or would follow, and is not withdrawn yet. */
function isEntering({ entryFinished, entryWithdrawn }: Trade): boolean {
  return !entryFinished && !entryWithdrawn;
}
