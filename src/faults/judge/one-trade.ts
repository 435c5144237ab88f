/**
 * I-03: one trade of ours a symbol at a time, and one a decision. No entry comes to live or executes while the entry of
 * another trade lives, or its position is open. @see failure-catalogue F-01, F-10, F-11
 */

import type { Row } from "../../domain/output.ts";
import type { Call } from "../call.ts";
import type { Beginning, Scene } from "./scene.ts";
import { partsOf, type TrueFill } from "./truth.ts";

const overStates: ReadonlySet<string> = new Set([
  "filled",
  "cancelled",
  "expired",
  "refused",
  "not-accepted",
  "vanished",
]);

type Entry = {
  readonly id: string;
  readonly trade: string;
  readonly symbol: number;
  readonly sentAt: number;
  /** when the exchange first told of it; null: it has not */
  takenAt: number | null;
  /** when the daemon first took it for over; null: it has not */
  overAt: number | null;
};
/** What a trade has of the position of its symbol: lots, signed. */
type Held = { readonly symbol: number; readonly since: number; lots: number };

export class OneTrade {
  readonly #scene: Scene;
  readonly #entries = new Map<string, Entry>();
  readonly #held = new Map<string, Held>();
  readonly #decisions = new Map<string, string>();
  readonly #byDecision = new Map<string, string>();
  /** trades with an intent that no crash has taken */
  readonly #intents = new Set<string>();
  readonly #told = new Set<string>();
  #lostUntil = Number.NEGATIVE_INFINITY;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** The disk is empty, or what is on it was set aside. */
  onLost(): void {
    this.#lostUntil = this.#scene.now;
  }

  onBegin({ openTrades }: Beginning): void {
    const open = new Set<string>(openTrades.map(({ intent }) => intent.trade));
    for (const trade of this.#intents) if (!open.has(trade)) this.#intents.delete(trade);
    for (const trade of open) this.#intents.add(trade);
  }

  onRow(row: Row): void {
    if (row.kind === "intent") {
      this.#intents.add(row.trade);
      this.#decisions.set(row.trade, row.decisionId);
    }
    if (row.kind !== "order" || !overStates.has(row.state)) return;
    const entry = this.#entries.get(row.clientOrderId);
    if (entry !== undefined) entry.overAt ??= this.#scene.now;
  }

  onSent({ name, clientId, params }: Call): void {
    const { grids, now } = this.#scene;
    if (name !== "place e" || clientId === null || this.#entries.has(clientId)) return;
    const symbol = grids.findIndex((grid) => grid.symbol === params.get("symbol"));
    const { trade } = partsOf(clientId);
    this.#entries.set(clientId, { id: clientId, trade, symbol, sentAt: now, takenAt: null, overAt: null });
  }

  /** The exchange has told of an order, by an id of ours or not. */
  onOrder(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.takenAt !== null) return;
    entry.takenAt = this.#scene.now;
    const { truth } = this.#scene;
    for (const { id: other, symbol } of truth.openOrders.values()) {
      const one = this.#entries.get(other);
      if (symbol !== entry.symbol || one === undefined || one.trade === entry.trade) continue;
      if (!this.#isUnknown(entry, one)) this.#tell(id, `${other} lives`);
    }
    for (const [trade, { lots }] of this.#holders(entry)) {
      this.#tell(id, `${lots} lots of ${trade} are open`);
    }
  }

  onFill({ order: { role, trade, symbol, side }, lots, after }: TrueFill): void {
    if (role !== null) {
      const held = this.#held.get(trade) ?? { symbol, since: this.#scene.now, lots: 0 };
      held.lots += side === "BUY" ? lots : -lots;
      this.#held.set(trade, held);
    }
    if (after === 0) for (const [one, held] of this.#held) if (held.symbol === symbol) this.#held.delete(one);
    if (role === "e") this.#decide(trade);
  }

  #decide(trade: string): void {
    const decision = this.#decisions.get(trade);
    if (decision === undefined) return;
    const first = this.#byDecision.get(decision) ?? trade;
    this.#byDecision.set(decision, first);
    if (first !== trade) this.#tell(`${trade} of ${decision}`, `${first} has executed it`);
  }

  /** Other trades that hold what is open, where nobody else has a hand in it and the journal knows them. */
  #holders({ trade, symbol, sentAt }: Entry): readonly (readonly [string, Held])[] {
    const { truth, othersFilledAt, touchedAt } = this.#scene;
    const others = Math.max(othersFilledAt[symbol] ?? 0, touchedAt[symbol] ?? 0);
    return [...this.#held].filter(([one, held]) => {
      if (one === trade || held.symbol !== symbol || !this.#intents.has(one)) return false;
      const isOpen = held.lots !== 0 && Math.sign(held.lots) === Math.sign(truth.position(symbol));
      if (!isOpen || others >= held.since || held.since <= this.#lostUntil) return false;
      return ![...this.#entries.values()].some((entry) => entry.trade === one && this.#wasOver(entry, sentAt));
    });
  }

  /** Whether the later one of two was sent when the other was over, as far as anybody could know. */
  #isUnknown(entry: Entry, one: Entry): boolean {
    if (one.sentAt <= this.#lostUntil || !this.#intents.has(one.trade)) return true;
    const [first, second] = entry.sentAt < one.sentAt ? [entry, one] : [one, entry];
    return this.#wasOver(first, second.sentAt);
  }

  /** It was taken for over before the exchange accepted it, or the network has made two orders of it. */
  #wasOver({ id, overAt, takenAt }: Entry, at: number): boolean {
    if (overAt === null || overAt > at) return false;
    return takenAt === null || takenAt > overAt || this.#scene.truth.isRepeated(id);
  }

  #tell(id: string, why: string): void {
    if (this.#told.has(id)) return;
    this.#told.add(id);
    this.#scene.violated("I-03", `${id} enters, and ${why}`);
  }
}
