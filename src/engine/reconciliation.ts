/**
 * Our books against the exchange's word: positions taken over at the start, compared at each later read, and what is left
 * over swept up (design.md, Identity of orders; requirements REC-1; failure-catalogue I-05, I-06, I-11, I-23).
 */

import type { Account } from "../account/account.ts";
import type { Settings } from "../config/schema.ts";
import type { AccountSnapshot } from "../domain/event.ts";
import type { Journal } from "../domain/journal.ts";
import { type AlgoReport, type OrderReport, sign } from "../domain/order.ts";
import { parseOrderId, stopPathTrade } from "../domain/order-id.ts";
import type { Notice, Output } from "../domain/output.ts";
import type { SafeModeReason } from "../domain/reason.ts";
import {
  type Micros,
  microsFromMillis,
  microsFromSeconds,
  type SignedLots,
  type SymbolIndex,
  signedLots,
} from "../domain/units.ts";
import { isBuried, mayTrade, type Order } from "../execution/order.ts";
import { enteredLots, exitSide, openLots, type Trade } from "../execution/trade.ts";
import type { TradeManager } from "../execution/trade-manager.ts";
import { Contradictions, contradictionOf, type Positions } from "./contradictions.ts";
import { cancelOf, type Found } from "./found-orders.ts";
import { newTally, type PassTally } from "./pass-summary.ts";
import { adoptedSource, defaultStop } from "./recovered-plan.ts";
import { isOnlyStop, journalOf, namedIn, pastTrades, recoverSymbol, straysBeside, tradeBeside } from "./recovery.ts";
import type { SymbolDesk } from "./symbol-desk.ts";

export type ReconciliationPorts = {
  readonly settings: () => Settings;
  readonly account: Account;
  readonly emit: (output: Output) => void;
  readonly enterSafeMode: (reason: SafeModeReason, detail: string, now: Micros) => void;
  /** the account is wanted again, no later than `at` */
  readonly readAgainBy: (at: number, now: Micros) => void;
  /** a trade runs that no decision of this run began */
  readonly onAdopted: (trade: Trade, now: Micros) => void;
  /** the daemon is stopping and wants to end flat */
  readonly isFlattening: () => boolean;
};

/** An account read is trusted against our own books only when nothing of the symbol changed this shortly before it. */
const quietMicros = microsFromSeconds(2);

/** While the history is not to be had, so many reads in a row are waited for it. */
const mismatchesMax = 6;

export class Reconciliation {
  readonly #ports: ReconciliationPorts;
  readonly #contradictions = new Contradictions();
  /** positions that are not ours and were left alone, in lots */
  readonly #orphans = new Map<SymbolIndex, SignedLots>();
  /** positions that the private stream spoke of, that no trade explains, and that were told, in lots */
  readonly #told = new Map<SymbolIndex, SignedLots>();
  /** when a position was last read, or told, that no trade of ours explained, by the exchange's clock */
  readonly #foreignAt = new Map<SymbolIndex, number>();
  /** symbols that have a stop which stays because a read may lag */
  readonly #kept = new Set<SymbolIndex>();
  #tally = newTally();
  /** when the account was read first, by our own clock */
  #beganAt = Number.POSITIVE_INFINITY;

  constructor(ports: ReconciliationPorts) {
    this.#ports = ports;
  }

  /** What was found since the last call. */
  takeTally(): PassTally {
    const tally = this.#tally;
    this.#tally = newTally();
    return tally;
  }

  /** Whether what is open of the symbol was found to be somebody else's, and has not changed since. */
  isLeftAlone(symbol: SymbolIndex): boolean {
    const reported = this.#ports.account.reportedLots(symbol);
    return reported !== 0 && this.#orphans.get(symbol) === reported;
  }

  /** Protection is the first thing that leaves; what belongs to no position is cancelled after it (I-11). */
  recover(desk: SymbolDesk, snapshot: AccountSnapshot, journal: Journal, now: Micros): void {
    const { instrument, ended } = desk;
    const recovered = recoverSymbol(instrument, this.#ports.settings(), snapshot, journal, now, ended);
    const { trade, isClosing, leftovers, kept, left, past } = recovered;
    desk.leftStops.find(left);
    const isOrphan = trade !== null && isUnexplained(trade);
    if (isOrphan) this.#tally.orphans += 1;
    if (trade !== null) desk.tighten(trade, now);
    this.#beganAt = Math.min(this.#beganAt, now);
    const due = leftovers.filter(
      (command) => command.kind !== "cancel-algo" || !this.#mayProtect(desk, command.clientAlgoId, snapshot),
    );
    this.#tally.leftovers += due.length;
    const found = past.filter(({ plan, executions }) => executions.size > 0 && !desk.history.isPast(plan.trade));
    this.#tally.phantoms += found.length;
    if (isOrphan && this.#ports.settings().reconcile.orphan_position === "report") this.#leaveAlone(desk, trade);
    else if (trade !== null) this.#adopt(desk.manager, trade, now);
    // The wish was told as executed, and nobody says it again (F-44).
    if (isClosing) desk.manager.close("EARLIER_RUN", now);
    for (const command of due) this.#ports.emit(command);
    this.#keep(instrument.index, due.length < leftovers.length, now);
    if (desk.manager.trade === null) for (const command of kept) this.#ports.emit(command);
    else if (kept.length > 0) this.#ports.readAgainBy(now + 2 * quietMicros, now);
    desk.history.recover(past, now);
  }

  /** Beside a stop that may protect nothing any more nothing new is entered: it would close that (I-08). */
  isKeepingStop(symbol: SymbolIndex, now: Micros): boolean {
    return this.#kept.has(symbol) && this.isEarly(now);
  }

  /** Whether so little time has gone since the start that reads may show yet what the first one did not (F-19). */
  isEarly(now: Micros): boolean {
    return now <= this.#beganAt + this.#readLag + 2 * quietMicros;
  }

  #keep(symbol: SymbolIndex, isKept: boolean, now: Micros): void {
    this.#kept.delete(symbol);
    if (!isKept) return;
    this.#kept.add(symbol);
    this.#ports.readAgainBy(now + quietMicros, now);
  }

  /**
   * Soon after the start a read that lags may not show yet what a stop protects, or show what was before it: the stop of a
   * trade that is not known to be over stays until reads can lag no more (I-01, F-19, F-39).
   */
  #mayProtect({ instrument, ended }: SymbolDesk, clientAlgoId: string, { requestedAt }: AccountSnapshot): boolean {
    const parts = parseOrderId(clientAlgoId, this.#ports.settings().order_id_prefix);
    if (parts === null || (parts.role !== "f" && parts.role !== "r")) return false;
    const isEarly = requestedAt <= this.#beganAt + this.#readLag;
    return isEarly && parts.trade !== stopPathTrade(instrument.symbol) && !ended.has(parts.trade);
  }

  /**
   * A stop is hit that an ended trade left to somebody's part of the position: it closes for the trade that has taken that
   * part over, and where none has yet, the part is taken over now. What it executes is in the books of that one (I-08, F-27).
   */
  onReport(desk: SymbolDesk, report: OrderReport | AlgoReport, now: Micros): void {
    const stop = desk.leftStops.hit(report, now);
    if (stop === null) return;
    const trades = [desk.manager.trade, desk.turned.trade].filter((one) => one !== null);
    const heir = trades.find((one) => exitSide(one) === stop.side && openLots(one) > 0);
    if (heir !== undefined) takeOver(desk, heir, stop);
    else if (desk.manager.trade === null) this.#adoptLeft(desk, stop, report, now);
  }

  /**
   * Somebody may have opened a position beside an entry that was found without its decision, at another price than that one
   * rested at. Before any stop leaves for it (failure-catalogue I-09, F-27).
   */
  levelFound({ instrument, manager }: SymbolDesk): void {
    const { account, settings } = this.#ports;
    const { trade } = manager;
    const held = account.reportedLots(instrument.index);
    const entryTicks = account.entryTicks(instrument.index);
    if (trade?.isLevelGuessed !== true || held * sign(trade.plan.side) <= 0 || entryTicks <= 0) return;
    manager.levelFound(defaultStop(instrument, settings(), trade.plan.side, entryTicks));
  }

  /** What the private stream says is open. @param time of the exchange */
  onPositionStated(desk: SymbolDesk, lots: SignedLots, time: Micros, now: Micros): void {
    // In the millisecond of our last execution somebody may have turned around what it opened; before it, nobody can have.
    const { trade } = desk.manager;
    if (trade === null && lots !== 0) this.#foreignAt.set(desk.instrument.index, time);
    const lastFill = trade?.lastFillTime ?? time;
    if (time >= lastFill && time > desk.lastFill) this.#protectTurned(desk, lots, now);
    desk.turned.onPositionStated(lots, time, now);
  }

  /**
   * The private stream speaks of a position beside no trade. What becomes of it is for reads that agree; somebody has to know
   * at once, however long those take.
   *
   * @param time of the exchange
   */
  tellUnexplained(
    { instrument, manager, turned, lastFill }: SymbolDesk,
    lots: SignedLots,
    time: Micros,
    now: Micros,
  ): void {
    const symbol = instrument.index;
    if (lots === 0) this.#told.delete(symbol);
    if (lots === 0 || manager.trade !== null || turned.trade !== null || time <= lastFill) return;
    if (this.#told.get(symbol) === lots || this.#orphans.get(symbol) === lots) return;
    this.#told.set(symbol, lots);
    this.#tellMismatch(symbol, { own: signedLots(0), reported: lots }, 0, now);
  }

  /** The exchange's position against our books; only a read that is younger than our last change says anything. */
  compare(desk: SymbolDesk, snapshot: AccountSnapshot, now: Micros): void {
    this.levelFound(desk);
    const symbol = desk.instrument.index;
    const { trade } = desk.manager;
    for (const clientOrderId of desk.leftStops.askAbout(idsOf(snapshot), now)) {
      this.#ports.emit({ kind: "query-order", symbol, clientOrderId });
    }
    // The stream has told of a position: a read that may be older does not settle that nothing is there (I-01, F-19).
    if (trade === null && this.#ports.account.keepStated(symbol, desk.lastFill, this.#readLag)) {
      return this.#ports.readAgainBy(now + quietMicros, now);
    }
    const reported = this.#ports.account.reportedLots(symbol);
    const own = trade?.ledger.position ?? signedLots(0);
    const isLess = reported * Math.sign(own) < Math.abs(own);
    const isOld = isLess || (own === 0 && reported !== 0) || (trade !== null && wasOpen(trade, reported));
    // A trade in which nothing was executed has left nothing behind that an older read could still show.
    const lastFill = Math.max(desk.lastFill, trade?.lastFillTime ?? 0);
    const lag = isOld && !this.#ports.account.isStated(symbol, lastFill) ? this.#readLag : quietMicros;
    const shown = isTurned(trade, reported) ? this.#shownBefore(desk, snapshot) : lastFill;
    // Executions are timed by the exchange's clock, and what we send by our own (F-26).
    const { requestedAt, asOf } = snapshot;
    const lastChange = Math.max(desk.lastCancel, lastFill + requestedAt - asOf);
    const isYounger = requestedAt > lastChange + quietMicros && asOf > shown + lag;
    if (trade === null && reported !== 0) this.#foreignAt.set(symbol, asOf);
    const since = this.#contradictions.since(symbol, { own, reported }, { changedAt: lastChange, isYounger }, now);
    const quiet = isYounger && !desk.manager.isMoving;
    if (isYounger) this.#protectTurned(desk, reported, now);
    if (trade !== null) {
      trade.contradiction = since !== null && since < now ? contradictionOf({ own, reported }) : "none";
    }
    desk.turned.onPositionSeen(reported, asOf, now);
    desk.turned.onOpenOrders(idsOf(snapshot), snapshot.requestedAt, now);
    desk.manager.onPositionSeen(reported, asOf, now);
    if (trade?.unexplained?.isSettled === false) {
      // The history is being asked what the books are.
      desk.manager.onOpenOrders(idsOf(snapshot), snapshot.requestedAt, now);
      if (isTurnedBack(desk, reported)) this.#endTurned(desk, reported, quiet, now);
      if (quiet) this.#cancelStrays(desk, trade, snapshot, now);
      return;
    }
    // A position that was left alone once is nobody's business until it changes.
    const isLeft = trade === null && this.isLeftAlone(symbol);
    if (isLeft) this.#tally.orphans += 1;
    if (reported === own || isLeft) {
      this.#contradictions.settle(symbol);
      if (!isLeft) this.#agree(desk, trade, snapshot, quiet, now);
      return;
    }
    // What it shows beside our trade was all that this one waited for: its stop is left to that, and reads say what becomes of it.
    if (trade !== null && desk.manager.trade === null) return this.#ports.readAgainBy(now + quietMicros, now);
    if (trade !== null && desk.manager.inDoubt) {
      // Once it was read when nothing from before the contradiction could lack in it, it has told what it knows.
      if (since === null || desk.history.answeredAt < since + this.#readLag) desk.history.ask(now);
      // What the list lacks is part of the proof that an entry in doubt never was, whatever is open (I-05).
      desk.manager.onOpenOrders(idsOf(snapshot), snapshot.requestedAt, now);
    }
    if (!quiet) return this.#ports.readAgainBy(now + quietMicros, now);
    if (own !== 0) this.#tally[reported === 0 ? "phantoms" : "differences"] += 1;
    const seen = this.#contradictions.count(symbol, lastChange, now);
    this.#tellMismatch(symbol, { own, reported }, seen, now);
    const isAsked = trade !== null && desk.history.answeredAt < this.#contradictions.firstAt(symbol, now);
    if (seen >= 2 && (!isAsked || seen >= mismatchesMax)) return this.#believe(desk, snapshot, { own, reported }, now);
    // An execution that the stream did not tell is the likeliest explanation: the history has it.
    desk.manager.onReportsMissed(now);
    if (trade !== null) desk.history.ask(now);
    this.#ports.readAgainBy(now + microsFromMillis(this.#ports.settings().protection.lookup_interval_ms), now);
  }

  /**
   * Until when, by the exchange's clock, something was open before the trade that runs that an older read may show: of an
   * earlier trade, of an earlier run, or of others.
   */
  #shownBefore({ instrument, lastFill }: SymbolDesk, { requestedAt, asOf }: AccountSnapshot): number {
    const began = this.#beganAt + asOf - requestedAt;
    return Math.max(lastFill, began, this.#foreignAt.get(instrument.index) ?? 0);
  }

  /** @param trade that the read was compared with */
  #agree(desk: SymbolDesk, trade: Trade | null, snapshot: AccountSnapshot, quiet: boolean, now: Micros): void {
    this.#orphans.delete(desk.instrument.index);
    if (trade === null && quiet) this.#sweep(desk, snapshot, now);
    else desk.manager.onOpenOrders(idsOf(snapshot), snapshot.requestedAt, now);
    if (trade === null && !quiet) this.#sweepSoon(desk, snapshot, now);
    if (trade === null) return;
    this.#endTurned(desk, trade.ledger.position, quiet, now);
    if (quiet) this.#cancelStrays(desk, trade, snapshot, now);
  }

  /**
   * It was turned back, or what it was turned into is closed: that trade goes once nothing of it is in doubt, for until then
   * it asks (I-05). What rests of it still is cancelled when it has gone (I-23).
   */
  #endTurned(desk: SymbolDesk, reported: SignedLots, quiet: boolean, now: Micros): void {
    const { turned } = desk;
    if (turned.trade === null) return;
    if (!quiet || turned.isMoving) return this.#ports.readAgainBy(now + 2 * quietMicros, now);
    if (isTurnedBack(desk, reported)) return this.#leaveToHistory(desk, turned.abandon(), now);
    if (turned.trade.executions.size === 0) turned.abandon();
  }

  /** The exchange's word stands against our books: what is open is taken over as it says. */
  #believe(desk: SymbolDesk, snapshot: AccountSnapshot, { own, reported }: Positions, now: Micros): void {
    this.#contradictions.end(desk.instrument.index);
    this.#ports.enterSafeMode(
      "UNKNOWN_POSITION",
      `${desk.instrument.symbol}: ours ${own}, the exchange's ${reported} lots`,
      now,
    );
    const former = desk.abandon();
    // What it was turned into may have been turned back since: a trade against what is open protects nothing of it (I-01).
    const isBack = isTurnedBack(desk, reported);
    const ended = isBack && !desk.turned.isMoving ? desk.turned.abandon() : null;
    if (!isBack && desk.followTurned(now)) {
      this.#cancelOthers(desk, snapshot, now);
      return this.#leaveToHistory(desk, former, now);
    }
    // What the store told at the start is history by now: what is known of a trade is its own plan.
    const found = former === null ? snapshot : withoutEnded(snapshot, former);
    this.recover(desk, found, this.#known(desk, found, former), now);
    if (former !== null) keepEnded(desk, former);
    this.#leaveToHistory(desk, ended, now);
  }

  /**
   * Somebody has turned the position around. What that makes of the running trade is known when nothing of it is in doubt
   * and two reads agree; what is open now is protected at once, beside it (failure-catalogue I-01, F-27).
   */
  #protectTurned(desk: SymbolDesk, held: SignedLots, now: Micros): void {
    const { trade } = desk.manager;
    const { account, settings } = this.#ports;
    if (trade === null || held * sign(trade.plan.side) >= 0 || held === trade.ledger.position) return;
    const entryTicks = account.entryTicks(desk.instrument.index);
    const isLeft = settings().reconcile.orphan_position === "report";
    if (desk.turned.trade !== null || isLeft || entryTicks <= 0) return;
    this.#tally.orphans += 1;
    this.#adopt(desk.turned, tradeBeside("turned", desk.instrument, settings(), held, entryTicks, now), now);
  }

  /** Where the position has been told closed already, it was what the stop has executed. */
  #adoptLeft(desk: SymbolDesk, stop: Order, report: OrderReport | AlgoReport, now: Micros): void {
    const { account, settings } = this.#ports;
    const { index: symbol } = desk.instrument;
    const open = { lots: account.reportedLots(symbol), entryTicks: account.entryTicks(symbol) };
    const isOpen = open.lots * sign(stop.side) < 0;
    const part = isOpen ? open : desk.leftStops.closedBy(stop, report);
    if (part.lots === 0 || part.entryTicks <= 0 || settings().reconcile.orphan_position === "report") return;
    this.#tally.orphans += 1;
    const trade = tradeBeside("left", desk.instrument, settings(), part.lots, part.entryTicks, now);
    takeOver(desk, trade, stop);
    this.#adopt(desk.manager, trade, now);
    desk.history.recover([], now);
  }

  #adopt(manager: TradeManager, trade: Trade, now: Micros): void {
    const { trade: id, source, symbol } = trade.plan;
    this.#notice("warn", "TRADE_ADOPTED", symbol, { trade: id, source, lots: openLots(trade) });
    this.#ports.onAdopted(trade, now);
    manager.adopt(trade, now);
    if (this.#ports.isFlattening()) manager.close("OPERATOR", now);
  }

  /** Another trade has taken the place of one that the exchange contradicts: only the history knows what came of that. */
  #leaveToHistory(desk: SymbolDesk, former: Trade | null, now: Micros): void {
    if (former === null) return;
    const { instrument, history, manager } = desk;
    const running = manager.trade?.plan.trade ?? null;
    history.recover(pastTrades(instrument, this.#ports.settings(), journalOf([former]), running, now), now);
    keepEnded(desk, former);
  }

  #cancelOthers(desk: SymbolDesk, snapshot: AccountSnapshot, now: Micros): void {
    const { trade } = desk.manager;
    if (trade !== null) this.#cancelStrays(desk, trade, snapshot, now);
  }

  /**
   * Orders of ours without a trade: cancelled, so that none opens or closes anything later (I-23). An entry among them
   * was buried too early; it is taken over, because it may fill before its cancel arrives (I-05), unless its trade has its
   * summary already: what that one fills is adopted as a trade of its own.
   */
  #sweep(desk: SymbolDesk, snapshot: AccountSnapshot, now: Micros): void {
    const orders = snapshot.orders.filter(({ clientOrderId }) => !desk.hasEnded(clientOrderId));
    const found = { ...snapshot, orders };
    this.recover(desk, found, this.#known(desk, found, null), now);
  }

  /** @param former trade that ran until now */
  #known({ instrument, history }: SymbolDesk, snapshot: AccountSnapshot, former: Trade | null): Journal {
    const past = namedIn(snapshot, history.past, instrument, this.#ports.settings());
    return journalOf(former === null ? past : [...past, former]);
  }

  /** Flat too shortly after a trade to sweep, and something of ours rests still: the next read comes soon (I-23). */
  #sweepSoon({ instrument }: SymbolDesk, snapshot: AccountSnapshot, now: Micros): void {
    const isResting = straysBeside([], instrument, this.#ports.settings(), snapshot).length > 0;
    if (isResting) this.#ports.readAgainBy(now + quietMicros, now);
  }

  /**
   * A read that shows less than we have filled would take the stop away, and one that shows what we have closed, or a part
   * of it, would have it adopted: either may be what was so before our last change, until reads lag no more (F-19, F-31).
   */
  get #readLag(): Micros {
    return microsFromSeconds(this.#ports.settings().protection.absence_proof_seconds);
  }

  /** The operator wants it so: what was not opened here is not touched here, and nothing is entered beside it. */
  #leaveAlone({ instrument }: SymbolDesk, trade: Trade): void {
    const { position } = trade.ledger;
    this.#orphans.set(instrument.index, position);
    this.#notice("error", "ORPHAN_POSITION", instrument.index, { lots: position });
  }

  /**
   * Nobody counts on them, but for a stop that nothing of the trade has taken the place of yet, or that may protect: that
   * goes later.
   */
  #cancelStrays(desk: SymbolDesk, running: Trade, snapshot: AccountSnapshot, now: Micros): void {
    const trades = [running, desk.turned.trade ?? running];
    const strays = straysBeside(trades, desk.instrument, this.#ports.settings(), snapshot);
    const isNeeded = ({ parts, report }: Found): boolean =>
      report.kind === "algo-report" &&
      trades.every(({ plan }) => plan.trade !== parts.trade) &&
      this.#mayProtect(desk, report.clientAlgoId, snapshot);
    const needed = strays.filter(isNeeded);
    this.#keep(desk.instrument.index, needed.length > 0, now);
    const gone = strays.filter((stray) => !needed.includes(stray) && !trades.some((trade) => isOnlyStop(stray, trade)));
    this.#tally.leftovers += gone.length;
    for (const stray of gone) this.#ports.emit(cancelOf(stray));
    if (gone.length < strays.length) this.#ports.readAgainBy(now + 2 * quietMicros, now);
  }

  #tellMismatch(symbol: SymbolIndex, positions: Positions, seen: number, now: Micros): void {
    const since = this.#contradictions.told(symbol, positions, now);
    this.#notice("error", "POSITION_MISMATCH", symbol, { ...positions, seen, since });
  }

  #notice(level: "warn" | "error", code: string, symbol: SymbolIndex, fields: Notice["fields"]): void {
    this.#ports.emit({ kind: "notice", level, code, symbol, fields });
  }
}

/** The position that was taken over does not contain what the stop executes. */
function takeOver({ leftStops }: SymbolDesk, trade: Trade, stop: Order): void {
  trade.orders.set(stop.id, stop);
  trade.laterCloses.add(stop.id);
  leftStops.forget(stop.id);
}

/** Whether what somebody turned the position into stands against what is open now. */
function isTurnedBack({ turned: { trade } }: SymbolDesk, reported: SignedLots): boolean {
  return trade !== null && reported * sign(trade.plan.side) < 0;
}

/** Whether it is open the other way around, which a trade of our own making never was. */
function isTurned(trade: Trade | null, reported: SignedLots): boolean {
  return trade !== null && !trade.adopted && trade.tradedLots > 0 && reported * sign(trade.plan.side) < 0;
}

/** Whether so much, more than is left, may have been open while the trade ran. */
function wasOpen(trade: Trade, reported: SignedLots): boolean {
  const lots = reported * sign(trade.plan.side);
  return lots > openLots(trade) && lots <= enteredLots(trade);
}

/**
 * What the exchange has told the end of waits no more, whatever a list that may be older names (I-07, F-19). One that a
 * repeated request has made again is found when the trade is over, if it has not executed before.
 */
function withoutEnded(snapshot: AccountSnapshot, former: Trade): AccountSnapshot {
  const ended = endedOf(former);
  return {
    ...snapshot,
    orders: snapshot.orders.filter(({ clientOrderId }) => !ended.has(clientOrderId)),
    algos: snapshot.algos.filter(({ clientAlgoId }) => !ended.has(clientAlgoId)),
  };
}

/** What is over stays over when the same trade is taken over anew, or left to the history. */
function keepEnded({ manager, history }: SymbolDesk, former: Trade): void {
  const same = [manager.trade, ...history.past].find((trade) => trade?.plan.trade === former.plan.trade);
  for (const id of endedOf(former)) same?.ended.add(id);
}

/** Orders whose end was told. */
function endedOf({ orders, ended: before }: Trade): ReadonlySet<string> {
  const ended = [...orders.values()].filter((order) => !mayTrade(order) && !isBuried(order));
  return new Set([...before, ...ended.map(({ id }) => id)]);
}

/** Neither the journal nor an order of ours says where the position comes from. */
function isUnexplained(trade: Trade): boolean {
  return trade.plan.source === adoptedSource && openLots(trade) !== 0 && trade.orders.size === 0;
}

function idsOf(snapshot: AccountSnapshot): ReadonlySet<string> {
  return new Set([
    ...snapshot.orders.map(({ clientOrderId }) => clientOrderId),
    ...snapshot.algos.map(({ clientAlgoId }) => clientAlgoId),
  ]);
}
