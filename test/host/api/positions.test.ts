/** Positions as an outside system sees them. */

import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { lots, signedLots, ticks } from "../../../src/domain/units.ts";
import { entryOf, first } from "../../engine/support.ts";
import { fillOf } from "../../execution/bench.ts";
import { decisionOf } from "../../risk/support.ts";
import { ApiBench, newDirectory, removeDirectories } from "./bench.ts";

let bench: ApiBench;

beforeEach(async () => {
  bench = await ApiBench.open({}, newDirectory());
});

afterEach(async () => await bench.close());
afterAll(() => removeDirectories());

const Status = z.object({
  symbols: z.array(z.object({ position: z.string(), notional: z.number(), stop: z.number().nullable() })),
});

async function shown(): Promise<z.infer<typeof Status>["symbols"][number] | undefined> {
  return Status.parse((await bench.ask("GET", "/v1/status")).body).symbols[0];
}

test("[OPS-5] the status shows a position that the exchange reports and no trade of ours has", async () => {
  const { core } = bench;
  core.tell({ kind: "position-report", symbol: first, lots: signedLots(-5), entryTicks: 640_000, time: core.now });
  expect([core.trade, await shown()]).toMatchObject([
    null,
    { position: "-0.005", notional: expect.closeTo(320, 2), stop: null },
  ]);
});

test("[OPS-5] the status shows the stop where it has moved to", async () => {
  const { core } = bench;
  core.tell({ kind: "fees", symbol: first, makerE8: 20_000, takerE8: 50_000 });
  core.decide(decisionOf());
  const quantity = core.trade?.plan.quantity ?? lots(0);
  const entry = [...(core.trade?.orders.keys() ?? [])][0] ?? "none";
  core.tell(entryOf(entry, quantity, { status: "FILLED", quantity, fill: fillOf("t", quantity) }));
  const nearer = ticks((core.trade?.stopLevel ?? 0) + 50);
  core.decide(decisionOf({ id: "newer", stopLoss: nearer }));
  expect(core.trade?.plan.stopLoss).toBeLessThan(nearer);
  expect(await shown()).toMatchObject({ stop: nearer / 10 });
});
