/**
 * Risk for one symbol: puts together what the checks look at, has them run, and tells once an episode what stands out.
 * Nothing is decided here (requirements RSK-6 … RSK-9).
 */

import type { Account } from "../account/account.ts";
import type { Settings } from "../config/schema.ts";
import type { Decision, Evidence } from "../domain/decision.ts";
import { type Instrument, quoteFromTickLots } from "../domain/instrument.ts";
import type { MaintenanceStep } from "../domain/maintenance.ts";
import type { Side } from "../domain/order.ts";
import type { Gate, Output } from "../domain/output.ts";
import type { BlockReason } from "../domain/reason.ts";
import { type Lots, type Micros, noLots, type Ticks } from "../domain/units.ts";
import { mayTrade, remaining } from "../execution/order.ts";
import { enteredLots, lastOf, type Trade } from "../execution/trade.ts";
import type { SymbolMarket } from "../market/symbol-market.ts";
import { checkRisk, type RiskView } from "../risk/engine.ts";
import { recheckEntry } from "../risk/recheck.ts";
import type { RiskCheckResult } from "../risk/result.ts";
import { cooldownUntil } from "../risk/session.ts";
import type { SessionKeeper } from "./session-keeper.ts";

export type RiskFloor = {
  readonly account: Account;
  readonly session: SessionKeeper;
  readonly emit: (output: Output) => void;
  /** quote asset, on the configured basis; null when not known */
  readonly equity: () => number | null;
  /** the same with open profit, whatever the basis */
  readonly markedEquity: () => number | null;
  /** symbols with a position or an entry under way */
  readonly openPositions: () => number;
  /** worth of all that is open or may still open, quote asset */
  readonly exposure: () => number;
};

/** The window of the crash guard (requirements RSK-5). */
const crashMinutes = 5;

const missingReasons: ReadonlySet<BlockReason> = new Set([
  "EQUITY_MISSING",
  "ACCOUNT_STALE",
  "VOLATILITY_MISSING",
  "FEES_MISSING",
]);

export class RiskDesk {
  readonly #instrument: Instrument;
  readonly #market: SymbolMarket;
  readonly #floor: RiskFloor;
  readonly #settings: () => Settings;
  readonly #costToFill: (side: Side, quantity: Lots) => number | null;
  #maintenance: readonly MaintenanceStep[] = [];
  #isMissing = false;
  #isCrashTold = false;
  #isLargeTold = false;

  constructor(instrument: Instrument, market: SymbolMarket, settings: () => Settings, floor: RiskFloor) {
    this.#instrument = instrument;
    this.#market = market;
    this.#settings = settings;
    this.#floor = floor;
    this.#costToFill = (side, quantity) => market.costToFill(side, quantity);
  }

  onMaintenance(steps: readonly MaintenanceStep[]): void {
    this.#maintenance = steps;
  }

  /** @param entryPrice where the entry is expected to fill */
  check(decision: Decision, side: Side, entryPrice: Ticks, committedLots: number, now: Micros): RiskCheckResult {
    const { account, openPositions, markedEquity } = this.#floor;
    const { index, symbol } = this.#instrument;
    const view = this.#view(committedLots, now);
    // Member by member here and below, where an order waits: an object that is spread and then grows is made many times.
    const result = checkRisk(
      {
        instrument: view.instrument,
        settings: view.settings,
        bid: view.bid,
        ask: view.ask,
        equity: view.equity,
        available: view.available,
        accountAge: view.accountAge,
        committedLots: view.committedLots,
        accountExposure: view.accountExposure,
        recentReturn: view.recentReturn,
        session: view.session,
        decision,
        side,
        entryPrice,
        atrTicks: this.#market.atrTicks(),
        realisedBps: this.#market.volatilityBps(),
        openPositions: openPositions(),
        markedEquity: markedEquity(),
        maintenance: this.#maintenance,
        cooldownUntil: cooldownUntil(view.session, symbol, side),
        makerFee: account.makerFee(index),
        takerFee: account.takerFee(index),
        costToFill: this.#costToFill,
        fundingRate: this.#market.fundingRate,
        nextFunding: this.#market.nextFunding,
      },
      now,
    );
    this.#tellCrash(result.gates, now);
    return result;
  }

  /** How much of an approved entry may still be sent, at this price; 0 when none. */
  recheck(trade: Trade, wanted: Lots, price: Ticks, committedLots: number, now: Micros): Lots {
    const { plan } = trade;
    if (plan.entry === null) return noLots;
    // An order that still works is what is wanted at another price: it is not committed beside that.
    const moved = workingLots(trade);
    const view = this.#view(committedLots - moved, now);
    const { quantity, reasons } = recheckEntry(
      {
        ...view,
        accountExposure: view.accountExposure - quoteFromTickLots(this.#instrument, moved * view.ask),
        side: plan.side,
        approved: plan.quantity,
        approvedPrice: plan.entry.approvedPrice,
        stopLoss: plan.stopLoss,
        decisionMidHalfTicks: plan.decisionMidHalfTicks,
        entered: enteredLots(trade),
        wanted,
        price,
      },
      now,
    );
    if (quantity < wanted) {
      const reason = reasons.map((one) => one.reason).join(" ");
      const { measured, limit } = reasons[0] ?? { measured: null, limit: null };
      const fields = { trade: plan.trade, reason, measured, limit, wanted, sent: quantity };
      this.#floor.emit({ kind: "notice", level: "info", code: "ENTRY_RECHECKED", symbol: plan.symbol, fields });
    }
    return quantity;
  }

  /** What is missing is told once an episode: sources ask again many times a second (requirements RSK-8). */
  tellMissing(reasons: readonly Evidence<BlockReason>[]): void {
    const missing = reasons.find(({ reason }) => missingReasons.has(reason));
    if (missing !== undefined && !this.#isMissing) {
      const { reason, measured, limit } = missing;
      const fields = { reason, measured, limit };
      const symbol = this.#instrument.index;
      this.#floor.emit({ kind: "notice", level: "error", code: "RISK_INPUT_MISSING", symbol, fields });
    }
    this.#isMissing = missing !== undefined;
  }

  /**
   * The exchange reports a position: larger than any that risk approves, it is told once. What was approved kept within
   * the equity of its time, which the day's highest is at least.
   */
  onPosition(now: Micros): void {
    const { account, session } = this.#floor;
    const { index } = this.#instrument;
    const peak = session.stateAt(now).dayPeakEquity;
    if (peak === null) return;
    const worth = Math.abs(account.reportedLots(index)) * account.entryTicks(index);
    const measured = quoteFromTickLots(this.#instrument, worth);
    const limit = this.#settings().risk.max_exposure_fraction * peak;
    const isLarge = measured > limit;
    if (isLarge && !this.#isLargeTold) {
      this.#floor.emit({ kind: "risk-event", event: "POSITION_TOO_LARGE", symbol: index, measured, limit, time: now });
    }
    this.#isLargeTold = isLarge;
  }

  #view(committedLots: number, now: Micros): RiskView {
    const { account, session } = this.#floor;
    const settings = this.#settings();
    const equity = this.#floor.equity();
    const accountExposure = this.#floor.exposure();
    const recent = this.#market.returnBps(crashMinutes);
    return {
      instrument: this.#instrument,
      settings,
      bid: this.#market.bid,
      ask: this.#market.ask,
      equity,
      available: freeMargin(account.available, equity, accountExposure / settings.risk.max_leverage),
      accountAge: account.age(now),
      committedLots,
      accountExposure,
      recentReturn: recent === null ? null : recent / 1e4,
      session: session.stateAt(now),
    };
  }

  #tellCrash(gates: readonly Gate[], now: Micros): void {
    const crash = gates.find(({ gate }) => gate === "CRASH_GUARD");
    if (crash === undefined || crash.measured === null) return;
    const isCrash = crash.verdict === "failed";
    if (isCrash && !this.#isCrashTold) {
      const { measured, limit } = crash;
      const symbol = this.#instrument.index;
      this.#floor.emit({ kind: "risk-event", event: "CRASH_GUARD_HIT", symbol, measured, limit, time: now });
    }
    // A long that is blocked and a short that is not take turns: the episode ends when the market has calmed down.
    if (Math.abs(crash.measured) < (crash.limit ?? 0)) this.#isCrashTold = false;
    else if (isCrash) this.#isCrashTold = true;
  }
}

function workingLots(trade: Trade): number {
  const entry = lastOf(trade, "e");
  return entry !== null && mayTrade(entry) ? remaining(entry) : 0;
}

/** The exchange's word is as old as the last read of the account: what has been committed since then is not free. */
function freeMargin(available: number | null, equity: number | null, committed: number): number | null {
  return available === null || equity === null ? available : Math.min(available, equity - committed);
}
