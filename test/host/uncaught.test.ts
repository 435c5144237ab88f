/** What goes wrong inside a daemon process with a position open, and not in code of ours. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Outsider } from "../acceptance/outsider.ts";
import { Scalpd, startExchange, summaryOf, temporaryDirectory } from "../acceptance/processes.ts";

vi.setConfig({ testTimeout: 60_000 });

const settings = `
symbols: [BTCUSDT]
decision:
  ensemble: { enabled: false }
  demo: { interval_seconds: 1, hold_seconds: 600, cooldown_seconds: 0 }
trading: { normal: { entry_order: market } }
risk: { cost: { enabled: false } }
`;

test.each(["rejection", "error event", "timer callback"])(
  "[F-35] an unhandled %s of a library with a position open: an orderly end that leaves the stop, and the next run takes over",
  async (wrong) => {
    // given
    const exchange = await startExchange();
    const outsider = new Outsider(exchange.announcement);
    const data = temporaryDirectory();
    const config = join(data, "settings.yaml");
    writeFileSync(config, settings);
    const given = ["run", "--json", "--config", config, "--data", data, "--exchange", exchange.line];
    const loaded = `--import=${new URL("./faulty/on-signal.ts", import.meta.url)}`;
    const first = new Scalpd(given, { env: { NODE_OPTIONS: loaded, FAULTY_WITH: wrong } });
    const { stop } = await outsider.guardedPosition();
    // when
    first.signal("SIGUSR2");
    const { code } = await first.exit;
    const left = (await outsider.openAlgos("BTCUSDT")).map(({ clientAlgoId }) => clientAlgoId);
    const second = new Scalpd(given);
    await second.logged("RECOVERED");
    const kept = (await outsider.openAlgos("BTCUSDT")).map(({ clientAlgoId }) => clientAlgoId);
    // then
    expect(code).toBe(1);
    expect(summaryOf(first).positions).toMatchObject([{ symbol: "BTCUSDT", protected: true }]);
    const withStop = expect.arrayContaining([stop.clientAlgoId]);
    expect([left, kept]).toEqual([withStop, withStop]);
    second.signal("SIGTERM");
    expect((await second.exit).code).toBe(0);
  },
);

test("[F-76] the loop stands still for three seconds with a position open: the stop stays, and it ends as usual", async () => {
  // given
  const exchange = await startExchange();
  const outsider = new Outsider(exchange.announcement);
  const data = temporaryDirectory();
  const config = join(data, "settings.yaml");
  writeFileSync(config, settings);
  const loaded = `--import=${new URL("./faulty/on-signal.ts", import.meta.url)}`;
  const given = ["run", "--json", "--config", config, "--data", data, "--exchange", exchange.line];
  const daemon = new Scalpd(given, { env: { NODE_OPTIONS: loaded, FAULTY_WITH: "stall" } });
  const { stop } = await outsider.guardedPosition();
  // when
  daemon.signal("SIGUSR2");
  daemon.signal("SIGTERM");
  const { code } = await daemon.exit;
  // then
  const left = (await outsider.openAlgos("BTCUSDT")).map(({ clientAlgoId }) => clientAlgoId);
  expect([code, left, summaryOf(daemon).positions]).toMatchObject([
    0,
    expect.arrayContaining([stop.clientAlgoId]),
    [{ protected: true }],
  ]);
});
