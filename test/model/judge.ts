/**
 * Judges a run by what is so on the exchange and by what the daemon said and asked for, against invariants of the failure
 * catalogue. It shares no order, position or protection code with the daemon.
 */

import type { CoreEvent } from "../../src/domain/event.ts";
import type { Command, FillRow, IntentRow, OrderRow, Output, PositionRow, TradeRow } from "../../src/domain/output.ts";
import { type Micros, micros } from "../../src/domain/units.ts";
import type { Watcher } from "../scenario/support/simulate.ts";
import { partsOf, type TrueAlgo, type Truth } from "../scenario/support/truth.ts";
import type { Fault } from "../scenario/support/wire.ts";

/** BTCUSDT: one tick of one lot is 0.0001 USDT, in 10⁻⁸. */
const moneyPerTickLot = 10_000n;
/** How long the orders of a closed trade may outlive it while the exchange answers. */
const cleanup = 10_000_000;
/** Absence of an entry counts as proven by a look-up that was made so long after it left (failure-catalogue I-05). */
const absenceProof = 12_000_000;
/** The longest that a position may lie open without a stop while nothing goes wrong, beside the ways there and back (I-01). */
const nakedMost = 250_000;
/** To hear of it, to place a stop that is refused because it is hit, and to close; there and back each. */
const waysMost = 6;
/** How long a stop or a target may be larger than the position. */
const oversizeMost = 10_000_000;
/** The account is compared each minute: what nobody told is known after that. */
const compared = 75_000_000;
/** A fault is over when what it held back has arrived, been looked up, and been tried again. */
const recovery = 4_000_000;
/** A close that is refused again and again waits for some time, and one that keeps getting lost does from the sixth on. */
const closeBackOff = 20_000_000;
const closesAtOnce = 6;

const closedStates: ReadonlySet<string> = new Set([
  "filled",
  "cancelled",
  "expired",
  "refused",
  "not-accepted",
  "vanished",
]);

type Books = { lots: number; cost: number };

export class Judge {
  readonly violations: string[] = [];
  readonly #truth: Truth;
  readonly #latency: number;
  readonly #intents = new Map<string, IntentRow>();
  readonly #entered = new Map<string, number>();
  readonly #entriesSent = new Map<string, { readonly id: string; readonly at: Micros }[]>();
  /** entries of which the daemon was told that they are over, or that the exchange does not know them */
  readonly #over = new Set<string>();
  readonly #rows = new Map<string, { readonly state: string; readonly filled: number }>();
  readonly #booked = new Set<string>();
  readonly #books = new Map<string, Books>();
  readonly #closed = new Map<string, Micros>();
  readonly #ratchets = new Map<string, number>();
  readonly #askedAt = new Map<string, Micros>();
  /** the conditional order that a cancel of ours is about to end, and when that cancel left */
  #cancelling: { readonly id: string; readonly sentAt: Micros } | null = null;
  readonly #cancelSentAt = new Map<string, Micros>();
  /** stops that somebody else ended, and when the daemon was told so */
  readonly #foreignEnds: { readonly stop: TrueAlgo; toldAt: number }[] = [];
  #level: number | null = null;
  #fillsSeen = 0;
  #nakedSince: Micros | null = null;
  #oversizeSince: Micros | null = null;
  /** until when something goes wrong that is not the daemon's doing */
  #troubleUntil = 0;
  /** somebody else has traded on the account: the books of the trade are not the whole story */
  #isForeign = false;

  /** @param latencyMs one way */
  constructor(truth: Truth, latencyMs: number) {
    this.#truth = truth;
    this.#latency = latencyMs * 1_000;
  }

  readonly watcher: Watcher = {
    sent: (command, at) => this.#onSent(command, at),
    arrived: (command) => {
      if (command.kind !== "cancel-algo") return;
      const id = command.clientAlgoId;
      if (this.#truth.algos.get(id)?.status !== "NEW") return;
      this.#cancelling = { id, sentAt: this.#cancelSentAt.get(id) ?? micros(0) };
    },
    said: (_event, at) => this.#onSaid(at),
    told: (event, at) => this.#onTold(event, at),
    troubled: (fault, name, at) => this.onTrouble(at + lastsFor(fault, name)),
    output: (output, at) => this.#onOutput(output, at),
  };

  /** Something was done to the daemon: what depends on a quiet exchange is not asked for until it is over. */
  onTrouble(until: number): void {
    this.#troubleUntil = Math.max(this.#troubleUntil, until);
  }

  onForeignTrade(): void {
    this.#isForeign = true;
  }

  /** Somebody else ends a stop: until it hears of that, the daemon counts on it. */
  onForeignEnd(stop: TrueAlgo): void {
    this.#foreignEnds.push({ stop, toldAt: Number.POSITIVE_INFINITY });
  }

  /** What must hold whenever nothing has gone wrong for a while. */
  check(now: Micros): void {
    const quietFor = now - this.#troubleUntil;
    this.#noteSizes(now);
    if (quietFor > cleanup) this.#checkLeftovers(now);
    const nakedFor = this.#nakedSince === null ? 0 : Math.min(quietFor, now - this.#nakedSince);
    if (this.#nakedSince !== null && nakedFor > nakedMost + waysMost * this.#latency) {
      this.#violated("I-01", `${this.#truth.position} lots without a stop for ${now - this.#nakedSince} µs`);
    }
    if (this.#oversizeSince !== null && Math.min(quietFor, now - this.#oversizeSince) > oversizeMost) {
      this.#violated("ORD-3", `orders larger than ${this.#truth.position} lots: ${this.#truth.open.join(" ")}`);
    }
  }

  #checkLeftovers(now: Micros): void {
    for (const [trade, at] of this.#closed) {
      if (now - at < cleanup) continue;
      const left = [...this.#truth.openOrders, ...this.#truth.openAlgos].filter((order) => order.trade === trade);
      if (left.length > 0) this.#violated("I-23", `${left.map(({ id }) => id).join(" ")} outlive their trade`);
    }
  }

  /** While nothing more is entered, no order that reduces may be larger than what there is to reduce. */
  #noteSizes(now: Micros): void {
    const { position, openOrders, openAlgos } = this.#truth;
    const isEntering = openOrders.some(({ role }) => role === "e");
    const isOver = openAlgos.some(({ role, quantity }) => role !== null && (quantity ?? 0) > Math.abs(position));
    this.#oversizeSince = isOver && !isEntering ? (this.#oversizeSince ?? now) : null;
  }

  /** At the end, after everything was healed and closed. */
  conclude(now: Micros, isFlat: boolean): void {
    this.check(now);
    if (this.#truth.position !== 0) this.#violated("I-06", `${this.#truth.position} lots are left`);
    if (this.#truth.open.length > 0) this.#violated("I-23", `left over: ${this.#truth.open.join(" ")}`);
    if (!isFlat) this.#violated("I-21", "the daemon believes that something is open");
  }

  #onSent(command: Command, at: Micros): void {
    if (command.kind === "cancel-algo") this.#cancelSentAt.set(command.clientAlgoId, at);
    if (command.kind === "query-order") this.#askedAt.set(command.clientOrderId, at);
    if (command.kind !== "place-order") return;
    if (command.role !== "e") {
      if (!command.reduceOnly) this.#violated("I-02", `${command.clientOrderId} may open a position`);
      return;
    }
    const unknown = [...this.#rows].filter(([, { state }]) => state === "unknown");
    if (unknown.length > 0)
      this.#violated("I-04", `${command.clientOrderId} leaves while ${unknown[0]?.[0]} is unknown`);
    const { trade } = partsOf(command.clientOrderId);
    const before = this.#entriesSent.get(trade) ?? [];
    const doubtful = before.filter(({ id }) => !this.#over.has(id));
    if (doubtful.length > 0) {
      this.#violated("I-03", `${command.clientOrderId} leaves while ${doubtful.map(({ id }) => id)} may live`);
    }
    this.#entriesSent.set(trade, [...before, { id: command.clientOrderId, at }]);
  }

  #onSaid(at: Micros): void {
    const { fills } = this.#truth;
    for (; this.#fillsSeen < fills.length; this.#fillsSeen += 1) {
      const fill = fills[this.#fillsSeen];
      if (fill === undefined) break;
      const { order, before, after, lots } = fill;
      if (order.role === "e") this.#onEntered(order.trade, lots);
      else if (order.role !== null && (Math.abs(after) > Math.abs(before) || after * before < 0)) {
        this.#violated("I-02", `${order.id} took the position from ${before} to ${after}`);
      }
      if (this.#closed.has(order.trade) && Math.abs(after) > Math.abs(before)) {
        this.#violated("I-23", `${order.id} opened ${lots} lots after its trade was closed`);
      }
    }
    this.#countEntries();
    this.#watchStops(at);
  }

  #onEntered(trade: string, lots: number): void {
    const entered = (this.#entered.get(trade) ?? 0) + lots;
    this.#entered.set(trade, entered);
    const planned = this.#intents.get(trade)?.quantity ?? 0;
    if (entered > planned) this.#violated("I-03", `${trade} entered ${entered} lots of ${planned}`);
  }

  #countEntries(): void {
    const working = this.#truth.openOrders.filter(({ role }) => role === "e");
    if (working.length > 1) this.#violated("I-03", `${working.map(({ id }) => id).join(" ")} live at once`);
  }

  /** The level of the stop that is hit first among those that cover the whole position. */
  #watchStops(at: Micros): void {
    const { position } = this.#truth;
    const level = this.#truth.coveringStops[0] ?? null;
    this.#nakedSince = position === 0 || level !== null ? null : (this.#nakedSince ?? at);
    this.#judgeCancel(position);
    this.#level = position === 0 ? null : level;
    for (const stop of this.#truth.openAlgos) {
      if (stop.type !== "STOP_MARKET" || (stop.role !== "f" && stop.role !== "r")) continue;
      this.#compareStop(stop.id, stop.trade, stop.role, stop.trigger);
    }
  }

  /** A cancel of ours has been executed: what was counted on when it left must stop the position no later than before. */
  #judgeCancel(position: number): void {
    const cancelling = this.#cancelling;
    if (cancelling === null || this.#truth.algos.get(cancelling.id)?.status !== "CANCELED") return;
    this.#cancelling = null;
    if (position === 0 || this.#level === null) return;
    const believed = this.#foreignEnds.filter(({ toldAt }) => toldAt > cancelling.sentAt).map(({ stop }) => stop);
    const level = this.#truth.covering([...this.#truth.openAlgos, ...believed])[0] ?? null;
    if (level !== null && (level - this.#level) * Math.sign(position) >= 0) return;
    this.#violated("I-09", `the cancel of ${cancelling.id} took the stop from ${this.#level} to ${level}`);
  }

  #compareStop(id: string, trade: string, role: "f" | "r", trigger: number): void {
    const intent = this.#intents.get(trade);
    if (intent === undefined) return;
    const away = intent.side === "buy" ? 1 : -1;
    if ((trigger - intent.stopLoss) * away < 0) {
      this.#violated("I-09", `${id} at ${trigger} is looser than the planned ${intent.stopLoss}`);
    }
    if (role === "f" || this.#ratchets.has(id)) return;
    this.#ratchets.set(id, trigger);
    const earlier = [...this.#ratchets].filter(([other]) => other !== id && partsOf(other).trade === trade);
    const tightest = Math.max(...earlier.map(([, level]) => level * away));
    if (trigger * away < tightest) this.#violated("I-09", `${id} at ${trigger} is looser than one before it`);
  }

  #onTold(event: CoreEvent, at: Micros): void {
    if (event.kind === "algo-report" && event.status !== "NEW") {
      for (const end of this.#foreignEnds)
        if (end.stop.id === event.clientAlgoId) end.toldAt = Math.min(end.toldAt, at);
    }
    if (event.kind === "order-report" && event.status !== "NEW" && event.status !== "PARTIALLY_FILLED") {
      this.#over.add(event.clientOrderId);
    }
    if (event.kind !== "outcome" || event.outcome.kind !== "refused") return;
    const { command, outcome } = event;
    if (command.kind === "place-order" && outcome.code !== -4116) this.#over.add(command.clientOrderId);
    if (command.kind === "query-order" && outcome.code === -2013) this.#onAbsent(command.clientOrderId);
  }

  #onAbsent(id: string): void {
    const sent = this.#entriesSent.get(partsOf(id).trade)?.find((entry) => entry.id === id)?.at;
    const asked = this.#askedAt.get(id);
    if (sent !== undefined && asked !== undefined && asked >= sent + absenceProof) this.#over.add(id);
  }

  #onOutput(output: Output, at: Micros): void {
    switch (output.kind) {
      case "intent":
        this.#intents.set(output.trade, output);
        return;
      case "order":
        return this.#onOrderRow(output);
      case "fill":
        return this.#onFillRow(output);
      case "position":
        return this.#onPositionRow(output);
      case "trade":
        this.#closed.set(output.trade, at);
        return this.#onTradeRow(output);
      default:
        return;
    }
  }

  /** Closed stays as it is, what is filled never falls, and nothing is filled that the exchange has not. */
  #onOrderRow(row: OrderRow): void {
    const { clientOrderId: id, state, filled } = row;
    const before = this.#rows.get(id);
    const told = this.#truth.orders.get(id)?.filled ?? 0;
    if (filled > told) this.#violated("I-07", `${id} counts ${filled} filled, the exchange ${told}`);
    if (before !== undefined) {
      if (filled < before.filled) this.#violated("I-07", `${id} fell from ${before.filled} to ${filled} filled`);
      if (!isLegal(before.state, state)) this.#violated("I-07", `${id} went from ${before.state} to ${state}`);
    }
    this.#rows.set(id, { state, filled });
  }

  #onFillRow(row: FillRow): void {
    if (this.#booked.has(row.tradeId)) this.#violated("I-07", `execution ${row.tradeId} was booked twice`);
    this.#booked.add(row.tradeId);
    const fill = this.#truth.fills.find(({ tradeId }) => tradeId === row.tradeId);
    if (fill === undefined || fill.price !== row.price || fill.lots !== row.quantity) {
      this.#violated("I-08", `execution ${row.tradeId} is booked as ${row.quantity} at ${row.price}`);
    }
    const trade = row.trade ?? "";
    const books = this.#books.get(trade) ?? { lots: 0, cost: 0 };
    const signed = row.side === "buy" ? row.quantity : -row.quantity;
    this.#books.set(trade, { lots: books.lots + signed, cost: books.cost + signed * row.price });
  }

  #onPositionRow(row: PositionRow): void {
    const books = this.#books.get(row.trade ?? "");
    if (books === undefined || this.#isForeign) return;
    if (books.lots !== row.lots || books.cost !== row.cost) {
      this.#violated("I-08", `position ${row.lots} at ${row.cost}, its fills come to ${books.lots} at ${books.cost}`);
    }
  }

  #onTradeRow(row: TradeRow): void {
    if (this.#isForeign) return;
    const fills = this.#truth.fills.filter(({ order }) => order.trade === row.trade);
    const gross = fills.reduce((sum, { before, after, price }) => sum + BigInt((before - after) * price), 0n);
    const fees = fills.reduce((sum, { fee }) => sum + fee, 0n);
    const entered = this.#entered.get(row.trade) ?? 0;
    if (row.grossPnl !== gross * moneyPerTickLot) this.#violated("I-08", `${row.trade}: gross ${row.grossPnl}`);
    if (row.fees !== fees) this.#violated("I-08", `${row.trade}: fees ${row.fees}, the exchange took ${fees}`);
    if (row.quantity !== entered) this.#violated("I-08", `${row.trade}: ${row.quantity} lots, entered ${entered}`);
  }

  #violated(invariant: string, detail: string): void {
    this.violations.push(`${invariant}: ${detail}`);
  }
}

/** Microseconds until its effects are gone. */
function lastsFor(fault: Fault, name: string): number {
  switch (fault.kind) {
    case "request-lost":
      return closeAttempt(name) < closesAtOnce ? recovery : closeBackOff;
    case "reply-lost":
    case "answered":
    case "reset":
    case "unsent":
    case "stale":
      return recovery;
    case "refused":
      return name.startsWith("place-order x") ? closeBackOff : recovery;
    case "request-late":
    case "reply-late":
    case "told-late":
    case "told-twice":
    case "told-late-twice":
      return recovery + fault.ms * 1_000;
    case "untold":
      return compared;
    default:
      throw new TypeError(`unhandled fault ${fault satisfies never}`);
  }
}

/** The how manieth close of its trade it is; 0 when it is none. */
function closeAttempt(name: string): number {
  return Number(/^place-order x(\d+)$/.exec(name)?.[1] ?? 0);
}

/** Words are the journal's; from `triggered` there is no way back to waiting. */
function isLegal(before: string, after: string): boolean {
  if (before === after) return true;
  if (closedStates.has(before) || after === "sent") return false;
  return before !== "triggered" || after !== "live";
}
