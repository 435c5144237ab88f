/** Exceptions that nobody expected, thrown into a running daemon from outside: what holds, what is told, and how it ends. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { micros, symbolIndex } from "../../src/domain/units.ts";
import type { Log } from "../../src/ops/log.ts";
import { signerFrom } from "../../src/venue/live/signer.ts";
import type { Signer } from "../../src/venue/transport.ts";
import { call, key } from "../exchange/wire/support.ts";
import { DaemonBench, entering, waiting } from "./daemon-bench.ts";

vi.setConfig({ testTimeout: 30_000 });

let bench: DaemonBench;

beforeEach(async () => {
  bench = await DaemonBench.open();
});

afterEach(async () => await bench.close());

/** Signs until it is told to throw, for requests that match. */
class FailingSigner implements Signer {
  readonly kind = "hmac";
  readonly apiKey = key.apiKey;
  readonly #real = signerFrom(key.apiKey, key.secret);
  failsOn: RegExp | null = null;

  sign(payload: string): string {
    if (this.failsOn?.test(payload) === true) throw new Error("the signer is broken");
    return this.#real.sign(payload);
  }
}

/** Conditional orders that are open. */
async function coveringStops(): Promise<number> {
  const { body } = await call(bench.at, "GET", "/fapi/v1/openAlgoOrders");
  return Object.values(body).length;
}

test("[SAF-4] an order that cannot be sent for an error of our own: told with its place, SAFE MODE, and the daemon lives", async () => {
  // given
  const signer = new FailingSigner();
  const running = bench.start("a", entering, { signer });
  await running.logged("SESSION_READY");
  // when
  signer.failsOn = /type=MARKET|"type":"MARKET"/;
  const [told, mode] = [await running.logged("UNEXPECTED_ERROR"), await running.logged("SAFE_MODE_ON")];
  signer.failsOn = null;
  // then
  expect(told).toMatchObject({ level: "error", where: "place-order", message: "Error: the signer is broken" });
  expect([String(told["at"]), mode["reason"]]).toEqual([expect.stringContaining("sign"), "INVALID_ORDER"]);
  expect((await running.stop()).failure).toBeNull();
});

test("[SAF-4] what follows an output that failed is not lost: the position of that turn is protected", async () => {
  // given: no line of a notice can be written once there is a position
  let isBroken = false;
  const bare = bench.start("bare", waiting);
  const real = bare.log();
  await bare.kill();
  const log: Log = {
    ...real,
    notice: (notice, symbol) => {
      if (isBroken) throw new Error("the disk of the log is gone");
      real.notice(notice, symbol);
    },
  };
  const running = bench.start("a", entering, { log });
  await running.inPosition();
  const before = await coveringStops();
  // when
  isBroken = true;
  running.daemon.tell({ kind: "clock-jump", by: micros(5_000_000) });
  isBroken = false;
  // then
  expect([before > 0, await coveringStops(), running.daemon.core?.safeMode?.reasons]).toEqual([
    true,
    before,
    ["CLOCK_JUMP", "UNEXPECTED_ERROR"],
  ]);
});

test("[SAF-4] an exception inside the core ends the daemon in good order, and its position stays protected", async () => {
  // given
  const running = bench.start("a", entering);
  await running.inPosition();
  const before = await coveringStops();
  // when: an event that no exchange could send
  running.daemon.tell({ kind: "model-output", symbol: symbolIndex(99), request: 1, answer: { kind: "slow" } });
  await running.daemon.ended;
  const result = await running.stop();
  // then
  expect(result.failure).toMatch(/unexpected error in model-output: InvariantError: no desk of symbol 99/);
  expect(result.positions).toMatchObject([{ symbol: "BTCUSDT", isProtected: true }]);
  expect([before > 0, await coveringStops()]).toEqual([true, before]);
  expect(running.codes()).toEqual(expect.arrayContaining(["UNEXPECTED_ERROR", "SAFE_MODE_ON", "DAEMON_FAILED"]));
});

test("[SAF-4] what nobody caught is told, ends the daemon in good order, and the next run starts in SAFE MODE", async () => {
  // given
  const running = bench.start("a", waiting);
  await vi.waitUntil(() => running.daemon.core !== null, { interval: 10, timeout: 10_000 });
  // when: as the process's own handler does
  running.daemon.onUncaught(new TypeError("x is not a function"));
  await running.daemon.ended;
  const { failure } = await running.stop();
  const next = bench.start("a", entering);
  const restored = await next.logged("SAFE_MODE_RESTORED");
  // then
  expect([failure, restored["reason"]]).toEqual([
    "unexpected error in process: TypeError: x is not a function",
    "UNEXPECTED_ERROR",
  ]);
  expect(next.daemon.readiness().find(({ part }) => part === "entries")?.detail).toBe("SAFE MODE: UNEXPECTED_ERROR");
});
