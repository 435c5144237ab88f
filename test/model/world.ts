/** One run of the model-based test: a simulated daemon with its judge, and what the random commands need of them. */

import { ticks } from "../../src/domain/units.ts";
import { type Simulation, simulate } from "../scenario/support/simulate.ts";
import type { TrueAlgo } from "../scenario/support/truth.ts";
import type { ScriptedFault } from "../scenario/support/wire.ts";
import type { Conditions } from "./conditions.ts";
import { Judge } from "./judge.ts";

/** After the faults: long enough for every proof of absence, back-off and comparison with the exchange. */
const convergeMs = 150_000;

export class World {
  readonly sim: Simulation;
  readonly #judge: Judge;

  constructor({ settings, latencyMs }: Conditions) {
    let judge: Judge | null = null;
    this.sim = simulate({
      settings,
      latencyMs,
      watch: (truth) => {
        judge = new Judge(truth, latencyMs);
        return judge.watcher;
      },
    });
    if (judge === null) throw new Error("nobody watches");
    this.#judge = judge;
  }

  /** Throws what was violated so far. */
  check(): void {
    if (this.sim.wire.isStreamDown) this.trouble();
    this.#judge.check(this.sim.now);
    this.#throwViolations();
  }

  /** Nothing goes wrong any more, everything is to be closed, and nothing may be left. */
  conclude(): void {
    const { sim } = this;
    sim.wire.heal();
    sim.reconnect();
    this.trouble();
    sim.advance(30_000);
    this.check();
    sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
    sim.advance(convergeMs);
    this.#judge.conclude(sim.now, sim.core.isFlat(sim.now));
    this.#throwViolations();
  }

  fault(fault: ScriptedFault): void {
    this.sim.wire.script([fault]);
  }

  /** Something that nobody scripted goes wrong now, and its effects last so long. */
  trouble(milliseconds = 4_000): void {
    this.#judge.onTrouble(this.sim.now + milliseconds * 1_000);
  }

  /** Somebody else cancels an order of ours. */
  foreignCancel(choice: number): void {
    const { openAlgos, openOrders } = this.sim.truth;
    const algo = openAlgos[choice];
    const order = openOrders[choice - openAlgos.length];
    if (algo !== undefined) {
      this.#judge.onForeignEnd(algo);
      this.sim.foreign("DELETE", "algoOrder", { clientAlgoId: algo.id });
    } else if (order !== undefined) this.sim.foreign("DELETE", "order", { origClientOrderId: order.id });
  }

  /** Somebody else closes some of what is open. */
  foreignClose(lots: number): void {
    const { position } = this.sim.truth;
    const quantity = Math.min(lots, Math.abs(position));
    if (quantity === 0) return;
    this.#judge.onForeignTrade();
    // Nobody tells whose trade it was: that the position is smaller is found when the account is compared.
    this.trouble(75_000);
    const params = { type: "MARKET", quantity: (quantity / 1_000).toFixed(3), reduceOnly: "true" };
    this.sim.foreign("POST", "order", { side: position > 0 ? "SELL" : "BUY", ...params });
  }

  /** The price goes there, and somebody trades at it. */
  moveTo(bid: number, spread: number, touchLots: number): void {
    this.sim.quote({ bid, ask: bid + spread, bidLots: touchLots });
    this.sim.traded(bid, 1, "sell");
  }

  /** The nearest waiting stop or target of the open position, if there is one. */
  conditional(type: TrueAlgo["type"]): TrueAlgo | null {
    return this.sim.truth.openAlgos.find((algo) => algo.type === type) ?? null;
  }

  /** Somebody trades with an entry of ours that rests. */
  meetEntry(lots: number): void {
    const entry = this.sim.truth.openOrders.find(({ role }) => role === "e");
    if (entry === undefined) return;
    const isBuy = entry.side === "BUY";
    this.sim.traded(ticks(entry.price + (isBuy ? -1 : 1)), lots, isBuy ? "sell" : "buy");
  }

  #throwViolations(): void {
    const { violations } = this.#judge;
    if (violations.length > 0) throw new Error(violations.join("\n"));
  }
}
