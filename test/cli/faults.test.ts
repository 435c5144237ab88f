import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type FaultsOptions, faultsCommand } from "../../src/cli/faults.ts";
import { exitCodeOf } from "../../src/faults/session/summary.ts";
import { writeTape } from "../../src/tape/writer.ts";
import { smallMarket, tapeOf } from "../tape/support.ts";

const folder = mkdtempSync(join(tmpdir(), "scalpd-faults-"));
afterAll(() => rmSync(folder, { recursive: true }));

const quick: FaultsOptions = {
  seeds: 1,
  from: 3,
  hours: 0.2,
  json: true,
  trace: false,
  shrink: false,
  config: null,
  tapes: [],
  out: join(folder, "out"),
  threads: 1,
  print: () => undefined,
  progress: null,
};

/** Ten minutes of BTCUSDT that swing around a price that the seeded market has never had. */
function recording(): string {
  const path = join(folder, "recording.arrow");
  const bids = Array.from({ length: 600 }, (_, second) => 912_345 + Math.round(900 * Math.sin(second / 25)));
  const events = smallMarket(bids).map((event, index) => {
    if (event.kind === "trade") return { ...event, quantity: 5_000 };
    if (event.kind === "book_ticker") return { ...event, bidLots: 10_000, askLots: 10_000 };
    if (event.kind !== "snapshot" && event.kind !== "depth") return event;
    const second = Math.floor(index / 4);
    return { ...event, levels: [...ladder(bids[second - 1], 0), ...ladder(bids[second], 10_000)] };
  });
  writeTape(path, tapeOf(events));
  return path;
}

/** Ten levels a side of so many lots. */
function ladder(bid: number | undefined, size: number) {
  if (bid === undefined) return [];
  return Array.from({ length: 20 }, (_, index) => {
    const away = 10 * Math.floor(index / 2);
    return index % 2 === 0 ? { side: 0, price: bid - away, size } : { side: 1, price: bid + 1 + away, size };
  });
}

test("[SIM-3] the last line is the summary as JSON, and a seed in which too little happened is named", async () => {
  const lines: string[] = [];
  const code = await faultsCommand({ ...quick, print: (line) => lines.push(line) });
  expect(code).toBe(0);
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
    seeds: 1,
    simulated_hours: expect.any(Number),
    faults: expect.any(Object),
    crashes: expect.any(Number),
    violations: 0,
    failing_seeds: [],
    empty_seeds: [3],
    first_violations: [],
    probes: expect.any(Object),
    naked_ms: {
      episodes: expect.any(Number),
      p50: expect.any(Number),
      p99: expect.any(Number),
      max: expect.any(Number),
    },
    unknown_ms: { count: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) },
    wrong_verdicts: 0,
  });
});

test("[SIM-3] recordings are played instead of the seeded market, and the symbols are theirs", async () => {
  const lines: string[] = [];
  const print = (line: string): number => lines.push(line);
  const code = await faultsCommand({ ...quick, tapes: [recording()], trace: true, print });
  const filled = new Set(lines.flatMap((line) => /= \{"kind":"fill".*?"price":(\d+)/.exec(line)?.slice(1) ?? []));
  const around = [...filled].map((price) => Math.round(Number(price) / 10_000));
  expect({ code, around: [...new Set(around)] }).toEqual({ code: 0, around: [91] });
});

test("a regression cannot be made of recordings", async () => {
  await expect(faultsCommand({ ...quick, tapes: [recording()], shrink: true })).rejects.toThrow(
    "--shrink: a regression runs on the seeded market; allowed without --tape",
  );
});

test("too many seeds to be read are not traced", async () => {
  await expect(faultsCommand({ ...quick, seeds: 11, trace: true })).rejects.toThrow(
    "--trace: at most 10 seeds at once",
  );
});

test.each([
  [{ seeds: 0 }, "--seeds 0: allowed is a whole number from 1 to 1000000"],
  [{ seeds: 1e15 }, "--seeds 1000000000000000: allowed is a whole number from 1 to 1000000"],
  [{ from: 1.5 }, "--from 1.5: allowed is a whole number from 0 to "],
  [{ hours: 0 }, "--hours 0: allowed is a number above 0"],
  [{ threads: 0 }, "--threads 0: allowed is a whole number from 1 to 1024"],
  [{ threads: -1 }, "--threads -1: allowed is a whole number from 1 to 1024"],
])("[SIM-3] %o is refused", async (wrong, message) => {
  await expect(faultsCommand({ ...quick, ...wrong })).rejects.toThrow(message);
});

test("a symbol that the simulation's exchange does not list is refused, and the listed ones are named", async () => {
  const config = join(folder, "settings.yaml");
  writeFileSync(config, "symbols: [XRPUSDT]\n");
  await expect(faultsCommand({ ...quick, config })).rejects.toThrow(/XRPUSDT: .* lists BTCUSDT, ETHUSDT/);
});

test.each([
  [0, {}],
  [3, { "I-01": 1, "I-21": 2, CRASH: 1 }],
  [5, { CRASH: 1, "I-21": 1 }],
  [4, { "I-21": 1 }],
])("the exit code is %i for %o", (code, violations) => {
  expect(exitCodeOf({ violations_by_invariant: violations })).toBe(code);
});
