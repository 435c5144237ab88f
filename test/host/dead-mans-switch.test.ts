/** The dead man's switch over real sockets: what the exchange does when the daemon is gone, and when it stops. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { micros } from "../../src/domain/units.ts";
import { call } from "../exchange/wire/support.ts";
import { DaemonBench, entering } from "./daemon-bench.ts";

vi.setConfig({ testTimeout: 30_000 });

let bench: DaemonBench;

beforeEach(async () => {
  bench = await DaemonBench.open();
});

afterEach(async () => await bench.close());

const venue = { dead_mans_switch: { enabled: true, countdown_seconds: 2, renew_seconds: 0.5 } } as const;
/** The market stands still, so an order at its own side's best price rests. */
const resting = {
  ...entering,
  venue,
  trading: { normal: { zone_price: "touch", chase: { max_attempts: 0 } } },
} as const;

async function clientIds(service: "openOrders" | "openAlgoOrders"): Promise<readonly string[]> {
  const { body } = await call(bench.at, "GET", `/fapi/v1/${service}`, { symbol: "BTCUSDT" });
  return Object.values(body).map((row) => {
    const order = Object(row);
    return String(order.clientOrderId ?? order.clientAlgoId);
  });
}

async function orderByHand(): Promise<void> {
  const limit = { side: "BUY", type: "LIMIT", timeInForce: "GTC", price: "60000", quantity: "0.004" };
  await call(bench.at, "POST", "/fapi/v1/order", { symbol: "BTCUSDT", ...limit, newClientOrderId: "by-hand" });
}

/** The daemon shares the request weight with us. */
async function until(look: () => Promise<boolean>): Promise<void> {
  await vi.waitUntil(look, { interval: 100, timeout: 10_000 });
}

test("[SAF-6] a daemon that dies leaves no entry behind: the exchange cancels it by itself", async () => {
  // given
  const running = bench.start("a", resting);
  await until(async () => (await clientIds("openOrders")).some((id) => id.includes("-e1-")));
  await vi.waitUntil(() => running.codes().includes("DEAD_MANS_SWITCH_ARMED"));
  // when: as if it were killed
  await running.kill();
  // then
  await until(async () => (await clientIds("openOrders")).length === 0);
  expect(running.codes()).not.toContain("STOPPING");
});

test("[SAF-6] the stop and the target of a daemon that dies stay", async () => {
  // given
  const running = bench.start("a", { ...entering, venue });
  await running.inPosition();
  await until(async () => (await clientIds("openAlgoOrders")).length === 2);
  const before = await clientIds("openAlgoOrders");
  // when: a normal order that is gone says that the countdown has ended
  await running.kill();
  await orderByHand();
  await until(async () => (await clientIds("openOrders")).length === 0);
  // then
  expect(await clientIds("openAlgoOrders")).toEqual(before);
});

test("[SAF-6] a daemon that stops in good order disarms it: orders of others live on", async () => {
  // given
  const running = bench.start("a", { ...entering, venue });
  await running.inPosition();
  // when
  await running.stop();
  await orderByHand();
  bench.at.exchange.advance(micros((Date.now() + 10_000) * 1_000));
  // then
  const codes = running.codes();
  expect([
    codes.indexOf("DEAD_MANS_SWITCH_DISARMED") > codes.indexOf("STOPPING"),
    await clientIds("openOrders"),
  ]).toEqual([true, ["by-hand"]]);
});
