/** Two daemons on one account: with the same prefix neither may enter, with two of them both live side by side. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DaemonBench, entering, type RunningDaemon, waiting } from "./daemon-bench.ts";

vi.setConfig({ testTimeout: 80_000 });

let bench: DaemonBench;

beforeEach(async () => {
  bench = await DaemonBench.open();
});

afterEach(async () => await bench.close());

const rival = ({ lines }: RunningDaemon): boolean =>
  lines.some((line) => line["code"] === "SAFE_MODE_ON" && line["reason"] === "ANOTHER_DAEMON");

async function until(look: () => boolean): Promise<void> {
  await vi.waitUntil(look, { interval: 20, timeout: 30_000 });
}

test("[F-59] a second daemon with the same prefix: both see each other, both refuse to enter, and say why", async () => {
  // given
  const first = bench.start("a", waiting);
  await until(() => first.daemon.core?.isRecovered === true && first.daemon.core.desks[0]?.setUp === "proven");
  // when
  const second = bench.start("b", waiting);
  // then
  await until(() => rival(first) && rival(second));
  const reasons = [first, second].map(({ daemon }) => daemon.core?.safeMode?.reasons);
  expect(reasons).toEqual([["ANOTHER_DAEMON"], ["ANOTHER_DAEMON"]]);
  expect([first, second].map(({ lines }) => lines.filter((line) => line["code"] === "SAFE_MODE_ON").length)).toEqual([
    1, 1,
  ]);
});

test("[F-59] the first one keeps its position protected while it refuses entries", async () => {
  // given
  const first = bench.start("a", entering);
  await first.inPosition();
  // when
  const second = bench.start("b", waiting);
  await until(() => rival(first) && rival(second));
  // then
  expect(first.daemon.core?.openPositions()).toMatchObject([{ isProtected: true }]);
});

test("[F-59] daemons with prefixes of their own do not take each other for one", async () => {
  // given
  const first = bench.start("a", waiting);
  await until(() => first.daemon.core?.desks[0]?.setUp === "proven");
  // when
  const second = bench.start("b", { ...waiting, order_id_prefix: "other" });
  await until(() => second.daemon.core?.desks[0]?.setUp === "proven");
  await first.logged("FOREIGN_ORDER");
  // then
  expect([first, second].map(({ daemon }) => daemon.core?.safeMode)).toEqual([null, null]);
});

test("[F-59] a second daemon on the same store does not start", async () => {
  // given
  const first = bench.start("a", waiting);
  await until(() => first.daemon.core !== null);
  // when
  const second = bench.start("a", waiting);
  await second.daemon.ended;
  // then
  expect((await second.stop()).failure).toMatch(/is in use by another scalpd/);
});

test("[F-59] a daemon that is started again takes what its earlier run left for its own", async () => {
  // given
  const first = bench.start("a", waiting);
  await until(() => first.daemon.core?.desks[0]?.setUp === "proven");
  await first.kill();
  // when
  const second = bench.start("a", waiting);
  await until(() => second.daemon.core?.desks[0]?.setUp === "proven");
  // then
  expect(second.daemon.core?.safeMode).toBeNull();
});

test.each([1, 2])("[F-59] the second one enters nothing (%i)", async () => {
  const first = bench.start("a", waiting);
  await until(() => first.daemon.core?.isRecovered === true && first.daemon.core.desks[0]?.setUp === "proven");
  const second = bench.start("b", entering);
  await until(() => rival(first) && rival(second));
  expect(second.codes()).not.toContain("ENTERING");
});
