/** What holds entries back ends although another symbol, in which nothing is open, cannot be traded (F-58, I-21). */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import { isCommand } from "../../src/domain/output.ts";
import { micros } from "../../src/domain/units.ts";
import { decisionOf } from "../risk/support.ts";
import { instrument, secondInstrument, settings, settingsWith } from "../support/core.ts";
import { CoreBench, snapshotOf } from "./support.ts";

/** An entry is refused for want of margin; then reads that agree with our books come for the better part of a minute. */
function triesAgain(bench: CoreBench): readonly string[] {
  bench.decide(decisionOf());
  const command = present(
    bench.outputs.filter(isCommand).find(({ kind }) => kind === "place-order"),
    "entry",
  );
  bench.tell({
    kind: "outcome",
    command,
    outcome: { kind: "refused", code: -2019, message: "Margin is insufficient." },
  });
  for (let read = 1; read <= 10; read += 1) {
    bench.at(read * 5_000);
    bench.tell(snapshotOf(0, { requestedAt: bench.now }));
    bench.at(read * 5_000 + 10);
  }
  bench.quote();
  return bench.decide(decisionOf({ id: "d2", time: bench.now, validUntil: micros(bench.now + 500_000) }));
}

test("[I-21] a refusal for want of margin holds entries until a reconciliation finds nothing wrong", () => {
  const bench = CoreBench.ready(settings, [], [instrument]);
  expect(triesAgain(bench).map((text) => text.split(" ")[0])).toEqual(["place-order"]);
});

test("[I-21] it does so beside a flat symbol that is closed, and is not set up for entries", () => {
  const bench = CoreBench.ready(settings, [], [instrument, secondInstrument]);
  bench.tell({ kind: "set-up", symbol: secondInstrument.index, state: "pending", cause: "ETHUSDT is in status BREAK" });
  const sent = triesAgain(bench).map((text) => text.split(" ")[0]);
  expect([sent, bench.blocked]).toEqual([["place-order"], []]);
});

test("[I-17] SAFE MODE that ends with a clean reconciliation ends beside such a symbol", () => {
  const bench = CoreBench.ready(
    settingsWith({ safe_mode: { leave: "clean-reconciliation" } }),
    [],
    [instrument, secondInstrument],
  );
  bench.tell({ kind: "set-up", symbol: secondInstrument.index, state: "pending", cause: "ETHUSDT is in status BREAK" });
  bench.at(1_000);
  bench.tell({ kind: "venue-unknown", what: "code", detail: "-9999" });
  for (let read = 1; read <= 10; read += 1) {
    bench.at(read * 5_000);
    bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  }
  expect(bench.core.safeMode).toBeNull();
});
