/** A plan whose author gives up before it is written down. */

import { afterAll, afterEach, expect, test } from "vitest";
import { ApiBench, removeDirectories } from "./bench.ts";

let bench: ApiBench | null = null;

afterEach(async () => {
  await bench?.close();
  bench = null;
});
afterAll(removeDirectories);

const plan = {
  plan_id: "p-1",
  symbol: "BTCUSDT",
  direction: "BUY",
  entry_price: 65_000,
  stop_loss: 63_900,
  take_profit: 65_100,
  volume: 0.005,
  expires_in_seconds: 3_600,
  conditions: { price_above: 64_050 },
};

test("[DEC-8] a plan that is cancelled while the disk still writes it down is never executed", async () => {
  const opened = await ApiBench.open();
  bench = opened;
  const made = opened.ask("POST", "/v1/plans", { body: plan });
  while (opened.outside.plans.get("p-1") === null) await new Promise((resolve) => setImmediate(resolve));
  const cancelled = await opened.outside.plans.cancel("p-1");
  await made;
  for (let second = 1; second <= 40; second += 1) {
    opened.core.at(second * 1_000);
    opened.core.quote(641_000);
  }
  const answered = await opened.ask("GET", "/v1/plans/p-1");
  expect([cancelled.status, answered.body, opened.core.trade]).toMatchObject([
    "cancelled",
    { status: "cancelled" },
    null,
  ]);
});

test("[I-10] a cancel that is not on the disk is not acknowledged when it is asked for again either", async () => {
  const opened = await ApiBench.open();
  await opened.ask("POST", "/v1/plans", { body: plan });
  // The journal takes nothing any more.
  await opened.store.close();
  const answers = [await opened.ask("DELETE", "/v1/plans/p-1"), await opened.ask("DELETE", "/v1/plans/p-1")];
  await opened.api.close();
  opened.outside.close();
  expect(answers.map(({ status, body }) => [status, body])).toMatchObject([
    [503, { error: { code: "STORE_FAILED" } }],
    [503, { error: { code: "STORE_FAILED" } }],
  ]);
});
