/** Cases of the failure catalogue about the journal's own file, in a daemon on real sockets and a real disk. */

import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { call } from "../exchange/wire/support.ts";
import { DaemonBench, entering } from "./daemon-bench.ts";

vi.setConfig({ testTimeout: 60_000 });

const watched = { ...entering, log: { status_seconds: 1 } };

let bench: DaemonBench;

beforeEach(async () => {
  bench = await DaemonBench.open();
});

afterEach(async () => await bench.close());

/** The database of the only store, after a run that left a position protected. */
async function journalOfRun(): Promise<{ readonly directory: string; readonly path: string }> {
  const running = bench.start("a", watched);
  await running.inPosition();
  await running.stop();
  const [store = ""] = readdirSync(join(bench.directory, "a"));
  const directory = join(bench.directory, "a", store);
  return { directory, path: join(directory, "journal.sqlite") };
}

async function openStops(): Promise<number> {
  const { body } = await call(bench.at, "GET", "/fapi/v1/openAlgoOrders");
  return Object.values(body).length;
}

const ruins: readonly (readonly [string, (path: string) => void])[] = [
  ["empty", (path) => truncateSync(path, 0)],
  ["cut in the middle", (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2 / 4_096) * 4_096)],
  ["cut within a page", (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2) + 1)],
  ["full of NUL", (path) => writeFileSync(path, Buffer.alloc(readFileSync(path).length))],
];

test.each(ruins)(
  "[F-38] the journal is found %s: kept aside, the position taken from the exchange, and no entries",
  async (_, ruin) => {
    // given
    const { directory, path } = await journalOfRun();
    const stops = await openStops();
    // when
    ruin(path);
    const next = bench.start("a", watched);
    await next.inPosition();
    const { hold } = await next.logged("STATUS_SESSION");
    // then
    const aside = readdirSync(directory).filter((name) => /^journal\.sqlite\.damaged-\d+$/.test(name));
    expect([aside.length, hold, await openStops()]).toEqual([1, "halt", stops]);
  },
);

test("[F-38] the halt after a lost journal outlives a kill of the run that found it", async () => {
  // given
  const { path } = await journalOfRun();
  writeFileSync(path, "");
  const second = bench.start("a", watched);
  await second.inPosition();
  await second.kill();
  // when
  const third = bench.start("a", watched);
  await third.inPosition();
  // then
  expect(await third.logged("STATUS_SESSION")).toMatchObject({ hold: "halt" });
});
