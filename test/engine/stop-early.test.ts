/** An orderly stop while the exchange tells of a position that no trade has taken over yet (requirements SAF-5). */

import { expect, test } from "vitest";
import { signedLots } from "../../src/domain/units.ts";
import { settingsWith } from "../support/core.ts";
import { CoreBench, first, snapshotOf } from "./support.ts";

test.each(["flatten", "leave-protected"] as const)(
  "[SAF-5] a stop with policy %s is not over beside a position that was told and is not taken over yet",
  (policy) => {
    const bench = CoreBench.ready(settingsWith({ stop: { policy } }));
    bench.at(60_000);
    bench.tell({ kind: "position-report", symbol: first, lots: signedLots(10), entryTicks: 640_000, time: bench.now });
    bench.tell({ kind: "stop-requested", policy });
    const mayLeave = policy === "flatten" ? bench.core.isFlat(bench.now) : bench.core.isAtRest(bench.now);
    // Whoever waited would see it taken over, with a stop or a close as the first thing that leaves.
    const commands: string[] = [];
    for (const ms of [64_000, 67_000, 70_000, 74_000, 78_000]) {
      commands.push(...bench.at(ms), ...bench.tell(snapshotOf(10, { requestedAt: bench.now })), ...bench.at(ms + 10));
    }
    const isLookedAfter = commands.some((text) => text.startsWith("place-"));
    expect([isLookedAfter, mayLeave]).toEqual([true, false]);
  },
);
