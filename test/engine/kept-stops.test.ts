/** The stop of a trade that is over, beside a position whose own stop the exchange does not take (failure-catalogue I-01, F-54). */

import { expect, test } from "vitest";
import { type Command, isCommand } from "../../src/domain/output.ts";
import { CoreBench, first, historyOf, idOf, journalled, snapshotOf, stopOf, texts, tradeA, tradeB } from "./support.ts";

const left = stopOf(idOf(tradeA, "f"));

/** A position behind the stop of an ended trade, while the exchange is too busy for whatever is sent. */
class Busy {
  readonly bench = new CoreBench();

  constructor() {
    const { bench } = this;
    bench.history = historyOf([], []);
    bench.tell({ kind: "private-stream", alive: true });
    bench.tell({ ...journalled([]), endedTrades: new Map([[first, [tradeB, tradeA]]]) });
    this.read();
  }

  read(): void {
    this.bench.tell(snapshotOf(10, { algos: [left], requestedAt: this.bench.now }));
    this.#hear();
  }

  /** A read of the account every second. */
  until(milliseconds: number): void {
    for (let ms = 250; ms <= milliseconds; ms += 250) {
      this.bench.at(ms);
      this.#hear();
      if (ms % 1_000 === 0) this.read();
    }
  }

  get cancels(): readonly string[] {
    return texts(this.bench.all).filter((text) => text.startsWith("cancel-"));
  }

  #hear(): void {
    for (const output of this.bench.unheard()) if (isCommand(output)) this.#answer(output);
  }

  #answer(command: Command): void {
    if (command.kind !== "place-algo" && command.kind !== "place-order") return;
    const outcome = { kind: "refused", code: -1008, message: "Server is currently overloaded." } as const;
    this.bench.tell({ kind: "outcome", command, outcome });
  }
}

test("[I-01] the stop of a trade that is over stays as long as the exchange takes no other", () => {
  const world = new Busy();
  world.until(40_000);
  const { trade } = world.bench;
  expect([trade?.ledger.position, world.cancels]).toEqual([10, []]);
});
