/**
 * An exchange in small that loses, delays and doubles what it says: enough of one to drive the order manager through
 * thousands of histories. It knows nothing of how the manager works.
 */

import type { AlgoStatus, Fill, OrderStatus, Side } from "../../src/domain/order.ts";
import { sign } from "../../src/domain/order.ts";
import type { Command, PlaceAlgo, PlaceOrder } from "../../src/domain/output.ts";
import { lots, type Micros, micros, money, signedLots, ticks } from "../../src/domain/units.ts";
import type { TradeManager } from "../../src/execution/trade-manager.ts";
import { instrument } from "../support/core.ts";

export type Faults = {
  /** share of requests that get lost on the way there, and of replies on the way back */
  readonly lost: number;
  /** share of events of the private stream that are never told, and that are told twice */
  readonly silent: number;
  readonly doubled: number;
  /** longest delay of anything, and for how long a changed order may be missing from reads, milliseconds */
  readonly delay: number;
  readonly lag: number;
  /** share of requests that are refused for no reason of theirs */
  readonly throttled: number;
};

export const calm: Faults = { lost: 0, silent: 0, doubled: 0, delay: 5, lag: 0, throttled: 0 };

type Held = {
  readonly id: string;
  readonly algo: PlaceAlgo | null;
  readonly side: Side;
  readonly quantity: number;
  /** of a normal order, and of the child of a conditional one */
  status: OrderStatus;
  /** of a conditional order */
  algoStatus: AlgoStatus;
  filled: number;
  changedAt: number;
  child: boolean;
  readonly fills: Fill[];
};

const price = 640_000;
const replyTimeoutMs = 3_000;

export class HostileVenue {
  position = 0;
  /** largest position against the trade, which must never be */
  turned = 0;
  entered = 0;
  entriesAtOnceMost = 0;
  faults: Faults;
  readonly #held = new Map<string, Held>();
  readonly #queue: { readonly at: number; readonly run: () => void }[] = [];
  readonly #random: () => number;
  readonly #side: Side;
  #trades = 0;

  constructor(faults: Faults, random: () => number, side: Side) {
    this.faults = faults;
    this.#random = random;
    this.#side = side;
  }

  get nextDue(): number {
    return this.#queue.reduce((soonest, { at }) => Math.min(soonest, at), Number.POSITIVE_INFINITY);
  }

  get openOrders(): readonly string[] {
    return [...this.#held.values()].filter(isOpen).map(({ id }) => id);
  }

  run(now: Micros): void {
    for (;;) {
      const index = this.#queue.findIndex(({ at }) => at <= now);
      if (index < 0) return;
      this.#queue.splice(index, 1)[0]?.run();
    }
  }

  /** A request leaves: it may be lost, throttled, or arrive and its reply be lost. */
  send(command: Command, manager: TradeManager, now: Micros): void {
    const answer = (kind: "ok" | "unknown" | number, at: number): void =>
      this.#later(at, (then) => {
        if (kind === "ok" || kind === "unknown") {
          manager.onOutcome(command, kind === "ok" ? { kind } : { kind, cause: "lost" }, then);
        } else manager.onOutcome(command, { kind: "refused", code: kind, message: "" }, then);
      });
    if (this.#chance(this.faults.lost)) return answer("unknown", now + replyTimeoutMs * 1_000);
    if (this.#chance(this.faults.throttled)) return answer(-1008, now + this.#delay());
    this.#later(now + this.#delay(), (at) => {
      const result =
        command.kind === "query-account" ? this.#read(manager, now, at) : this.#execute(command, manager, at);
      if (this.#chance(this.faults.lost)) answer("unknown", at + replyTimeoutMs * 1_000);
      else answer(result, at + this.#delay());
    });
  }

  /** The price goes where a conditional order waits. */
  triggerAlgo(manager: TradeManager, now: Micros): void {
    const waiting = [...this.#held.values()].filter((held) => held.algo !== null && held.algoStatus === "NEW");
    const stop = waiting[Math.floor(this.#random() * waiting.length)];
    if (stop === undefined || this.position === 0) return;
    stop.child = true;
    this.#setAlgo(stop, "TRIGGERED", manager, now);
    this.#fill(stop, Math.min(stop.quantity, Math.abs(this.position)), manager, now);
    this.#setAlgo(stop, "FINISHED", manager, now);
  }

  /** Somebody trades with an entry that rests. */
  fillEntry(share: number, manager: TradeManager, now: Micros): void {
    const entry = [...this.#held.values()].find((held) => held.algo === null && isOpen(held));
    if (entry === undefined) return;
    this.#fill(entry, Math.max(1, Math.floor((entry.quantity - entry.filled) * share)), manager, now);
  }

  #execute(command: Command, manager: TradeManager, now: Micros): "ok" | number {
    switch (command.kind) {
      case "place-order":
        return this.#placeOrder(command, manager, now);
      case "place-algo":
        return this.#placeAlgo(command, manager, now);
      case "amend-order":
        return -1020;
      case "cancel-order":
        return this.#cancel(command.clientOrderId, manager, now);
      case "cancel-algo":
        return this.#cancel(command.clientAlgoId, manager, now);
      case "query-order":
        return this.#query(command.clientOrderId, "order", manager, now);
      case "query-algo":
        return this.#query(command.clientAlgoId, "algo", manager, now);
      case "query-fills": {
        const fills = [...(this.#held.get(command.clientOrderId)?.fills ?? [])];
        const { symbol, clientOrderId, orderId } = command;
        this.#tell((at) => manager.onFills({ kind: "fills-report", symbol, clientOrderId, orderId, fills }, at), now);
        return "ok";
      }
      case "query-account":
      case "query-history":
      case "query-income":
        return "ok";
      default:
        throw new TypeError(`unhandled command ${command satisfies never}`);
    }
  }

  #placeOrder(command: PlaceOrder, manager: TradeManager, now: Micros): "ok" | number {
    if (this.#held.has(command.clientOrderId)) return -4116;
    if (command.reduceOnly && this.position * sign(command.side) >= 0) return -2022;
    const held = this.#add(command.clientOrderId, null, command.side, command.quantity, now);
    if (!command.reduceOnly) {
      const open = [...this.#held.values()].filter((one) => one.side === this.#side && isOpen(one));
      this.entriesAtOnceMost = Math.max(this.entriesAtOnceMost, open.length);
    }
    this.#report(held, null, manager, now);
    const market = command.terms.type === "MARKET";
    const most = command.reduceOnly ? Math.min(command.quantity, Math.abs(this.position)) : command.quantity;
    if (market) this.#fillInParts(held, most, manager, now);
    if (market && isOpen(held)) this.#end(held, "EXPIRED", manager, now);
    return "ok";
  }

  #placeAlgo(command: PlaceAlgo, manager: TradeManager, now: Micros): "ok" | number {
    if (this.#held.has(command.clientAlgoId)) return -4116;
    const closes = command.extent.kind === "close-position";
    const rival = [...this.#held.values()].some(
      ({ algo, algoStatus }) =>
        algoStatus === "NEW" &&
        algo !== null &&
        closes &&
        algo.extent.kind === "close-position" &&
        algo.type === command.type,
    );
    if (rival) return -4130;
    const quantity = command.extent.kind === "quantity" ? command.extent.quantity : Number.MAX_SAFE_INTEGER;
    const held = this.#add(command.clientAlgoId, command, command.side, quantity, now);
    this.#setAlgo(held, "NEW", manager, now);
    return "ok";
  }

  #cancel(id: string, manager: TradeManager, now: Micros): "ok" | number {
    const held = this.#held.get(id);
    if (held === undefined || !isOpen(held)) return -2011;
    if (held.algo === null) this.#end(held, "CANCELED", manager, now);
    else this.#setAlgo(held, "CANCELED", manager, now);
    return "ok";
  }

  #query(id: string, service: "order" | "algo", manager: TradeManager, now: Micros): "ok" | number {
    const held = this.#held.get(id);
    if (held === undefined || this.#isMissing(held, now)) return -2013;
    if (service === "algo") {
      if (held.algo === null) return -2013;
      this.#tell(this.#algoReport(held, manager), now);
      return "ok";
    }
    if (held.algo !== null && !held.child) return -2013;
    this.#tell(this.#orderReport(held, null, manager), now);
    return "ok";
  }

  /** What is open and what rests, as of now; what has just changed is missing from the list for a while. */
  #read(manager: TradeManager, requestedAt: Micros, now: Micros): "ok" {
    const ids = new Set(
      [...this.#held.values()].filter((held) => isOpen(held) && !this.#isMissing(held, now)).map(({ id }) => id),
    );
    const position = signedLots(this.position);
    this.#tell((at) => {
      manager.onPositionSeen(position, requestedAt, at);
      manager.onOpenOrders(ids, requestedAt, at);
    }, now);
    return "ok";
  }

  #isMissing(held: Held, now: Micros): boolean {
    return now - held.changedAt < this.faults.lag * 1_000 * this.#random();
  }

  #add(id: string, algo: PlaceAlgo | null, side: Side, quantity: number, now: Micros): Held {
    const held: Held = {
      id,
      algo,
      side,
      quantity,
      status: "NEW",
      algoStatus: "NEW",
      filled: 0,
      changedAt: now,
      child: false,
      fills: [],
    };
    this.#held.set(id, held);
    return held;
  }

  #fillInParts(held: Held, total: number, manager: TradeManager, now: Micros): void {
    const part = Math.floor(total * this.#random());
    if (part > 0) this.#fill(held, part, manager, now);
    if (total > part) this.#fill(held, total - part, manager, now);
  }

  #fill(held: Held, quantity: number, manager: TradeManager, now: Micros): void {
    held.filled += quantity;
    held.changedAt = now;
    this.position += sign(held.side) * quantity;
    this.turned = Math.max(this.turned, -this.position * sign(this.#side));
    if (held.side === this.#side) this.entered += quantity;
    held.status = held.filled >= held.quantity || held.algo !== null ? "FILLED" : "PARTIALLY_FILLED";
    this.#trades += 1;
    const fill: Fill = {
      tradeId: String(this.#trades),
      price: ticks(price),
      quantity: lots(quantity),
      commission: money(1n),
      commissionAsset: "USDT",
      maker: false,
      time: now,
    };
    held.fills.push(fill);
    this.#report(held, fill, manager, now);
    if (this.position !== 0) return;
    for (const other of this.#held.values()) {
      if (other !== held && other.algo?.extent.kind === "close-position" && other.algoStatus === "NEW") {
        this.#setAlgo(other, "EXPIRED", manager, now);
      }
    }
  }

  #end(held: Held, status: "CANCELED" | "EXPIRED", manager: TradeManager, now: Micros): void {
    held.status = status;
    held.changedAt = now;
    this.#report(held, null, manager, now);
  }

  #setAlgo(held: Held, status: AlgoStatus, manager: TradeManager, now: Micros): void {
    held.algoStatus = status;
    held.changedAt = now;
    this.#stream(this.#algoReport(held, manager), now);
  }

  #report(held: Held, fill: Fill | null, manager: TradeManager, now: Micros): void {
    this.#stream(this.#orderReport(held, fill, manager), now);
  }

  #orderReport(held: Held, fill: Fill | null, manager: TradeManager): (at: Micros) => void {
    const { status } = held;
    const filled = lots(held.filled);
    return (at) =>
      manager.onOrderReport(
        {
          kind: "order-report",
          symbol: instrument.index,
          clientOrderId: held.id,
          orderId: `v-${held.id}`,
          status,
          side: held.side,
          type: "MARKET",
          price: null,
          quantity: lots(Math.min(held.quantity, 1_000_000)),
          filled,
          reduceOnly: held.side !== this.#side,
          fill,
          time: at,
          source: fill === null ? "query" : "stream",
        },
        at,
      );
  }

  #algoReport(held: Held, manager: TradeManager): (at: Micros) => void {
    const { algo } = held;
    if (algo === null) return () => undefined;
    const status = held.algoStatus;
    const childOrderId = held.child ? `v-${held.id}` : null;
    return (at) =>
      manager.onAlgoReport(
        {
          kind: "algo-report",
          symbol: instrument.index,
          clientAlgoId: held.id,
          algoId: held.id,
          status,
          side: held.side,
          type: algo.type,
          trigger: algo.trigger,
          closePosition: algo.extent.kind === "close-position",
          quantity: algo.extent.kind === "quantity" ? algo.extent.quantity : null,
          childOrderId,
          failure: null,
          time: at,
          source: "stream",
        },
        at,
      );
  }

  /** An event of the private stream: late, twice, or never. */
  #stream(event: (at: Micros) => void, now: Micros): void {
    if (this.#chance(this.faults.silent)) return;
    this.#tell(event, now);
    if (this.#chance(this.faults.doubled)) this.#tell(event, now);
  }

  #tell(event: (at: Micros) => void, now: Micros): void {
    this.#later(now + this.#delay(), event);
  }

  #later(at: number, run: (at: Micros) => void): void {
    const due = micros(Math.round(at));
    this.#queue.push({ at: due, run: () => run(due) });
  }

  #delay(): number {
    return 1_000 + this.faults.delay * 1_000 * this.#random();
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }
}

function isOpen({ algo, status, algoStatus }: Held): boolean {
  if (algo !== null) return algoStatus === "NEW";
  return status === "NEW" || status === "PARTIALLY_FILLED";
}
