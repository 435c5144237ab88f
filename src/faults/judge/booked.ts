/**
 * What happened is in the books: each execution of ours has its row, and each trade that executed has one summary when it
 * is over (I-06, I-08). The other way round, whether what is booked has happened, is what `books.ts` asks.
 */

import type { Row } from "../../domain/output.ts";
import type { Call } from "../call.ts";
import type { Beginning, Scene } from "./scene.ts";
import type { TrueFill } from "./truth.ts";

/** History is asked for six times with waits that double, and reads lag. */
const quietMost = 120_000_000;
/** At the audit the world has been whole for longer than that; a trade may have ended just now. */
const auditMost = 60_000_000;
/** What explains the end of a trade that nobody has told of. */
const histories: ReadonlySet<string> = new Set(["GET userTrades", "GET allOrders"]);

type Executed = {
  readonly symbol: number;
  readonly begunAt: number;
  /** somebody else had something open when it began: its own executions do not explain the whole */
  readonly isBesideOthers: boolean;
  overAt: number | null;
};
type Unbooked = { readonly fill: TrueFill; readonly at: number };

export class Booked {
  /** trades of which the daemon says itself that it does not know all, and may say so */
  unexplained = 0;
  readonly #scene: Scene;
  /** trades with an intent that no crash has taken, by the journal of the present process */
  readonly #intents = new Set<string>();
  /** those of them whose entries executed, and that wait for their end or for their summary */
  readonly #executed = new Map<string, Executed>();
  readonly #summedUp = new Set<string>();
  readonly #fills = new Set<string>();
  readonly #unbooked = new Map<string, Unbooked>();
  readonly #filledAt = new Map<string, number>();
  readonly #excused = new Set<string>();
  /** what executed until then was lost with the disk */
  #lostUntil = Number.NEGATIVE_INFINITY;
  #begunAt = Number.NEGATIVE_INFINITY;
  #historyFailedAt = Number.NEGATIVE_INFINITY;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** The disk is empty, or what is on it was set aside. */
  onLost(): void {
    this.#lostUntil = this.#scene.now;
  }

  onBegin({ openTrades, fills }: Beginning): void {
    const { now, truth } = this.#scene;
    this.#begunAt = now;
    const open = new Set<string>(openTrades.map(({ intent }) => intent.trade));
    // An intent that is not in the journal, and was not summed up, went with a crash; so did a summary of an open trade.
    for (const trade of this.#intents) if (!open.has(trade) && !this.#summedUp.has(trade)) this.#intents.delete(trade);
    for (const trade of this.#executed.keys()) if (!open.has(trade)) this.#executed.delete(trade);
    for (const trade of open) {
      this.#intents.add(trade);
      this.#summedUp.delete(trade);
    }
    this.#fills.clear();
    this.#unbooked.clear();
    for (const name of fills) this.#fills.add(name);
    for (const fill of truth.fills.values()) {
      // What the journal has no intent of is nothing that this process could ask about.
      if (!open.has(fill.order.trade)) continue;
      this.#expect(fill);
      this.#begin(fill, this.#filledAt.get(fill.tradeId) ?? now);
    }
  }

  onFill(fill: TrueFill): void {
    const { now, readySince } = this.#scene;
    this.#filledAt.set(fill.tradeId, now);
    // Until the account is read, a process can know of nothing but what its journal has: this is in what it finds.
    if (readySince !== null || this.#intents.has(fill.order.trade)) this.#expect(fill);
    this.#begin(fill, now);
  }

  onRow(row: Row): void {
    if (row.kind === "intent") this.#intents.add(row.trade);
    if (row.kind === "fill") {
      const name = `${row.symbol} ${row.tradeId}`;
      this.#fills.add(name);
      this.#unbooked.delete(name);
    }
    if (row.kind !== "trade" || !this.#intents.has(row.trade)) return;
    if (this.#summedUp.has(row.trade)) this.#scene.violated("I-08", `${row.trade} is summed up twice`);
    this.#summedUp.add(row.trade);
    this.#executed.delete(row.trade);
  }

  onReply(call: Call, status: number, text: string | null): void {
    if (histories.has(call.name) && (text === null || status >= 400)) this.#historyFailedAt = this.#scene.now;
  }

  /** It may not know all where something kept it from knowing: a crash, a history that was refused, or others. */
  onUnexplained(trade: string): void {
    const one = this.#executed.get(trade);
    if (one === undefined || this.#excused.has(trade)) return;
    this.#excused.add(trade);
    this.unexplained += 1;
    const { othersFilledAt, touchedAt } = this.#scene;
    const others = Math.max(othersFilledAt[one.symbol] ?? 0, touchedAt[one.symbol] ?? 0);
    if (one.isBesideOthers || Math.max(others, this.#begunAt, this.#historyFailedAt) >= one.begunAt) return;
    this.#scene.violated("I-08", `${trade} is not explained, and nothing kept its history from being known`);
  }

  /** Now and then, when nothing has been wrong for a while. */
  onQuiet(): void {
    if (this.#scene.quietFor >= quietMost) this.#judge(quietMost);
  }

  audit(): void {
    this.#judge(auditMost);
  }

  #judge(most: number): void {
    const { now, truth } = this.#scene;
    for (const [trade, { symbol, overAt }] of this.#executed) {
      if (overAt === null || now - overAt < most || this.#excused.has(trade)) continue;
      this.#executed.delete(trade);
      const size = `${truth.position(symbol)} lots are open`;
      this.#scene.violated("I-08", `${trade} has been over for ${now - overAt} µs, and was not summed up; ${size}`);
    }
    for (const [name, { fill, at }] of this.#unbooked) {
      if (now - at < most || this.#excused.has(fill.order.trade)) continue;
      this.#unbooked.delete(name);
      this.#scene.violated(
        "I-08",
        `execution ${fill.tradeId} of ${fill.order.id} was ${now - at} µs ago, and is not booked`,
      );
    }
  }

  #expect(fill: TrueFill): void {
    const { order, tradeId } = fill;
    const at = this.#filledAt.get(tradeId) ?? this.#scene.now;
    const name = `${order.symbol} ${tradeId}`;
    if (order.role === null || at <= this.#lostUntil || this.#fills.has(name)) return;
    this.#unbooked.set(name, { fill, at });
  }

  #begin({ order: { role, trade, symbol }, before, after }: TrueFill, at: number): void {
    const isOurs = this.#intents.has(trade) && !this.#summedUp.has(trade) && at > this.#lostUntil;
    const known = this.#executed.get(trade);
    if (role === "e" && isOurs) {
      const begun = { symbol, begunAt: at, isBesideOthers: before !== 0, overAt: null };
      if (known === undefined) this.#executed.set(trade, begun);
      else known.overAt = null;
    }
    if (after !== 0 && before * after >= 0) return;
    for (const one of this.#executed.values()) if (one.symbol === symbol) one.overAt ??= at;
  }
}
