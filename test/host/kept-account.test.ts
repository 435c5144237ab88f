import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { viewStores } from "../../src/store/view.ts";
import { DaemonBench, entering, waiting } from "./daemon-bench.ts";

vi.setConfig({ testTimeout: 60_000 });

/** No status line while a test runs: what is kept then is not kept by it. */
const quiet = { log: { status_seconds: 3_600 } };

let bench: DaemonBench;

beforeEach(async () => {
  bench = await DaemonBench.open();
});

afterEach(async () => {
  await bench.close();
});

function kept(name: string) {
  return viewStores(join(bench.directory, name))[0]?.account ?? null;
}

test("[IDM-4] the equity that is kept has the open profit in it", async () => {
  bench.mark = 63_990;
  const one = bench.start("one", { ...entering, ...quiet });
  await one.inPosition();
  const markNow = (): number | undefined => one.daemon.core?.desks[0]?.market.mark;
  await vi.waitUntil(() => markNow() === bench.mark * 1e8, { interval: 10, timeout: 30_000 });
  await one.kill();
  const [view] = viewStores(join(bench.directory, "one"));
  const { quantity, entry_price } = view?.positions[0] ?? { quantity: "0", entry_price: "0" };
  const profit = (bench.mark - Number(entry_price)) * Number(quantity);
  expect(Math.abs(profit)).toBeGreaterThan(0);
  const wallet = moneyFromText(view?.account?.wallet ?? "");
  expect(moneyFromText(view?.account?.equity ?? "")).toBe(wallet + BigInt(Math.round(profit * 1e8)));
});

test("[IDM-4] the account is kept as soon as it has been read", async () => {
  const one = bench.start("one", { ...waiting, ...quiet });
  await one.logged("RECOVERED");
  await vi.waitUntil(() => kept("one") !== null, { interval: 10, timeout: 5_000 });
  expect(kept("one")).toMatchObject({ wallet: "10000.00000000", equity: "10000.00000000" });
});

test("[IDM-4] the account is kept once more at the end, with the fees of the last trade taken", async () => {
  const one = bench.start("one", { ...entering, ...quiet, stop: { policy: "flatten" } });
  await one.inPosition();
  await one.stop();
  const [view] = viewStores(join(bench.directory, "one"));
  expect(view?.trades).toHaveLength(1);
  const wallet = moneyFromText("10000") + moneyFromText(view?.trades[0]?.pnl_net ?? "");
  expect(moneyFromText(view?.account?.wallet ?? "")).toBe(wallet);
  expect(view?.account?.equity).toBe(view?.account?.wallet);
});
