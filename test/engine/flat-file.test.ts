/** The decision file wants nothing open, and its word comes when no trade holds yet what is. */

import { expect, test } from "vitest";
import { DecisionFileSource, decisionFileSource } from "../../src/decision/decision-file.ts";
import { micros, signedLots } from "../../src/domain/units.ts";
import { decisionOf } from "../risk/support.ts";
import { settings } from "../support/core.ts";
import { first, historyOf, snapshotOf } from "./support.ts";
import { Watched } from "./watched.ts";

test("[DEC-6] [F-44] `flat` in the file closes a position that is taken over just after the file was read", () => {
  const bench = new Watched(settings, [new DecisionFileSource(settings.decision_file)]);
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  bench.history = historyOf([], []);
  bench.at(15_000);
  bench.quote();
  // The stream tells of a position beside no trade; reads will have it taken over.
  const open = { kind: "position-report", symbol: first, lots: signedLots(10), entryTicks: 640_000 } as const;
  bench.tell({ ...open, time: bench.now });
  const decision = decisionOf({
    id: "file-1",
    source: decisionFileSource,
    direction: "FLAT",
    action: "EXIT",
    time: bench.now,
    validUntil: micros(bench.now + 600_000_000),
  });
  bench.tell({ kind: "outside", symbol: first, to: "decision_file", word: { state: "decision", decision } });
  for (const ms of [18_000, 21_000, 24_000]) {
    bench.at(ms);
    bench.quote();
    bench.tell(snapshotOf(10, { requestedAt: bench.now }));
    bench.answerAlgos("NEW");
  }
  bench.at(26_000);
  expect(bench.trade?.closing?.reason).toBe("DECISION_EXIT");
});
