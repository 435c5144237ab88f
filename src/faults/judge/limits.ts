/** I-13: limits of the settings hold on what is so on the exchange, and the exchange's own are never run into. */

import type { Row } from "../../domain/output.ts";
import type { Call } from "../call.ts";
import type { Beginning, Scene } from "./scene.ts";
import { partsOf, type TrueFill } from "./truth.ts";

export type LimitTerms = {
  readonly leverageMax: number;
  readonly positionsMax: number;
  readonly tradesAnHourMax: number;
};

const hour = 3_600_000_000;
/** A machine's clock is set anew with each start, and the hour is the daemon's. */
const clockSlack = 5_000_000;
/** Two runs on one machine may have had its clock 90 s off in either direction, and what is journalled is by that. */
const clocksApart = 180_000_000;
/** Trades that wait for an execution are far fewer. */
const sentMax = 10_000;

export class Limits {
  readonly #scene: Scene;
  readonly #terms: LimitTerms;
  /** trade that opened what is open, by symbol; null: nothing is, or somebody else did */
  readonly #open: (string | null)[];
  /** when the first entry of each trade left that has not filled yet */
  readonly #sentAt = new Map<string, number>();
  /** the same of the trades of the last hour that have filled */
  /** when this run began */
  #beganAt = 0;
  readonly #begun = new Map<string, number>();
  /** trades with an intent and no summary yet */
  readonly #intents = new Set<string>();
  /** those whose intent a crash has taken: what is left of them is somebody's position to the daemon */
  readonly #lost = new Set<string>();

  constructor(scene: Scene, terms: LimitTerms) {
    this.#scene = scene;
    this.#terms = terms;
    this.#open = scene.grids.map(() => null);
  }

  /** A journal that was lost has taken its count along. */
  onBegin({ openTrades, fills }: Beginning): void {
    this.#beganAt = this.#scene.now;
    if (fills.size === 0) this.#begun.clear();
    const open = new Set<string>(openTrades.map(({ intent }) => intent.trade));
    for (const trade of this.#intents) {
      if (open.has(trade)) continue;
      this.#intents.delete(trade);
      this.#begun.delete(trade);
      this.#lost.add(trade);
    }
    for (const trade of open) this.#intents.add(trade);
  }

  onRow(row: Row): void {
    if (row.kind === "intent") this.#intents.add(row.trade);
    if (row.kind === "trade") this.#intents.delete(row.trade);
  }

  onSent(call: Call): void {
    if (call.name === "place e") this.#enters(partsOf(call.clientId ?? "").trade);
    const leverage = Number(call.params.get("leverage") ?? 0);
    if (call.name !== "POST leverage" || leverage <= this.#terms.leverageMax) return;
    this.#scene.violated("I-13", `leverage ${leverage} is asked for, at most ${this.#terms.leverageMax}`);
  }

  /** What the exchange answers by itself; what the plan has it answer does not come here. */
  onAnswered(call: Call, status: number): void {
    if (status === 429 || status === 418) this.#scene.violated("I-13", `${call.name} ran into the exchange's limits`);
  }

  onFill({ order, after }: TrueFill): void {
    const { symbol, role, trade } = order;
    if (after === 0) this.#open[symbol] = null;
    if (role !== "e") return;
    if (after !== 0) this.#open[symbol] ??= trade;
    const positions = this.#open.filter((one) => one !== null).length;
    if (positions > this.#terms.positionsMax) {
      this.#scene.violated("I-13", `${positions} positions are open, at most ${this.#terms.positionsMax}`);
    }
    this.#countTrade(trade);
  }

  #enters(trade: string): void {
    if (this.#sentAt.size >= sentMax) this.#sentAt.clear();
    if (!this.#sentAt.has(trade)) this.#sentAt.set(trade, this.#scene.now);
  }

  /** By when they left: so the daemon counts, which knows no execution before. */
  #countTrade(trade: string): void {
    if (this.#begun.has(trade) || this.#lost.has(trade)) return;
    const { now } = this.#scene;
    const begun = this.#sentAt.get(trade) ?? now;
    this.#begun.set(trade, begun);
    this.#sentAt.delete(trade);
    for (const [one, at] of this.#begun) {
      const slack = at < this.#beganAt ? clocksApart : clockSlack;
      if (at <= begun - hour + slack) this.#begun.delete(one);
    }
    if (this.#begun.size > this.#terms.tradesAnHourMax) {
      this.#scene.violated("I-13", `${this.#begun.size} trades in an hour, at most ${this.#terms.tradesAnHourMax}`);
    }
  }
}
