/**
 * Power loss: what is left of the store's files is cut at any byte, and the next run must be able to use it. Real core and
 * exchange trade in virtual time, their rows go through the real store on real files; the files are copied as they stand,
 * damaged, and opened by the next run, which takes the rest over from the exchange (failure-catalogue F-61, I-24).
 *
 * POWER_LOSSES says how many, and POWER_SEED which; `npm run test:power` has 200 with a seed of the day.
 */

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import type { Output, Row } from "../../src/domain/output.ts";
import { micros, microsFromMillis, ticks } from "../../src/domain/units.ts";
import { openStore, storeDirectory } from "../../src/store/open.ts";
import type { Store, StoreOptions } from "../../src/store/store.ts";
import { Random } from "../../src/tape/random.ts";
import { normal } from "../scenario/support/settings.ts";
import { type Simulation, simulate } from "../scenario/support/simulate.ts";
import { optionsIn } from "./rows.ts";

const { POWER_LOSSES, POWER_SEED } = process.env;
const losses = Number(POWER_LOSSES ?? 10);
const seed = Number(POWER_SEED ?? 20_240_719);
const runs = Array.from({ length: losses }, (_, index) => seed + index);

const root = mkdtempSync(join(tmpdir(), "scalpd-power-"));
afterAll(() => rmSync(root, { recursive: true }));

/** What may happen to a file that was being written. */
const damages = ["cut", "cut", "zeros", "torn page", "none"] as const;
type Damage = (typeof damages)[number];
const pageBytes = 4_096;

test.each(runs)("[REC-3] after power loss %i the store opens, and the exchange tells what it lost", async (run) => {
  const random = new Random(run);
  const sim = simulate({
    latencyMs: 1 + random.below(60),
    settings: normal({ max_hold_seconds: 600, entry_order: random.below(2) === 0 ? "market" : "limit" }),
  });
  trade(sim, random);
  const { options, words } = await lossOf(sim, random);
  sim.kill();
  sim.advance(random.below(5_000));
  if (random.below(2) === 0) move(sim, random);

  const store = await openStore(options);
  expect(faultsIn(options), words).toEqual([]);
  const before = sim.outputs.length;
  const isNaked = sim.truth.position !== 0 && sim.truth.coveringStops.length === 0;
  sim.sent();
  sim.restart({ journal: store.journal });
  sim.advance(5_000);
  const sent = sim.sent();
  // A stop that the lost run had sent may arrive after its end: then there is nothing to place.
  const isCoveredByPast = sim.truth.coveringStops.length > 0 && !sent.some((name) => name.startsWith("place-algo f"));
  if (isNaked && !isCoveredByPast) expect(sent[0], words).toMatch(/^place-algo f|^place-order x/);
  if (sim.truth.position !== 0) expect(sim.truth.coveringStops, words).not.toEqual([]);
  expect(
    sent.filter((name) => name.startsWith("place-order e")),
    words,
  ).toEqual([]);

  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(120_000);
  expect([sim.truth.position, sim.truth.open, sim.core.isFlat(sim.now), sim.core.safeMode], words).toEqual([
    0,
    [],
    true,
    null,
  ]);

  await keep(store, sim.outputs.slice(before), random);
  await store.close();
  expect(faultsIn(options), words).toEqual([]);
  const booked = fillsIn(options);
  const real = new Set(sim.truth.fills.map(({ tradeId }) => tradeId));
  expect(
    booked.filter((id) => !real.has(id)),
    words,
  ).toEqual([]);
  expect(new Set(booked).size, words).toBe(booked.length);
  if (words === "nothing was lost") expect(new Set(booked), words).toEqual(real);
});

/** Some trading; it ends wherever it is. */
function trade(sim: Simulation, random: Random): void {
  for (let step = 3 + random.below(12); step > 0; step -= 1) {
    const { bid } = sim.quoted;
    switch (random.below(5)) {
      case 0:
      case 1: {
        const long = random.below(2) === 0;
        sim.quote(sim.quoted);
        sim.traded(bid, 1, "sell");
        sim.decide({ direction: long ? "LONG" : "SHORT", takeProfits: [ticks(bid + (long ? 300 : -300))] });
        break;
      }
      case 2: {
        const entry = sim.truth.openOrders.find(({ role }) => role === "e");
        const isBuy = entry?.side === "BUY";
        if (entry !== undefined)
          sim.traded(entry.price + (isBuy ? -1 : 1), 1 + random.below(12), isBuy ? "sell" : "buy");
        break;
      }
      case 3:
        move(sim, random);
        break;
      default:
    }
    sim.advance([0, 1, 20, 41, 150, 1_500][random.below(6)] ?? 0);
  }
}

function move(sim: Simulation, random: Random): void {
  sim.quote({ bid: sim.quoted.bid + random.below(900) - 450 });
  sim.traded(sim.quoted.bid, 1, "sell");
}

/** Writes what the run put out, takes the files as they stand, and damages them. */
async function lossOf(
  sim: Simulation,
  random: Random,
): Promise<{ readonly options: StoreOptions; readonly words: string }> {
  const first = optionsOf(sim, "before-");
  const store = await openStore(first);
  const outputs = sim.outputs.slice(0, random.below(4) === 0 ? random.below(sim.outputs.length) : sim.outputs.length);
  await keep(store, outputs, random);
  const options = optionsOf(sim, "after-");
  const said = copyDamaged(directoryOf(first), directoryOf(options), random);
  await store.close();
  const isWhole = said.length === 0 && outputs.length === sim.outputs.length;
  return { options, words: isWhole ? "nothing was lost" : said.join(", ") || "the last rows were lost" };
}

function optionsOf(sim: Simulation, name: string): StoreOptions {
  const { symbol, rules } = sim.instrument;
  return optionsIn(mkdtempSync(join(root, name)), {
    instruments: [{ symbol, tickSize: rules.tickSize, stepSize: rules.stepSize }],
    startedAt: micros(sim.now + microsFromMillis(1)),
  });
}

function directoryOf({ directory, venue, instance }: StoreOptions): string {
  return storeDirectory(directory, venue, instance);
}

/** Hands rows over as the host does, in groups of any size. */
async function keep(store: Store, outputs: readonly Output[], random: Random): Promise<void> {
  for (const output of outputs) {
    if (output.kind === "intent") store.intent(output);
    const row = rowOf(output);
    if (row !== null) store.append([row]);
    if (random.below(6) === 0) await store.committed();
  }
  await store.synced();
  if (random.below(2) === 0) await store.committed();
}

function rowOf(output: Output): Row | null {
  switch (output.kind) {
    case "order":
    case "fill":
    case "position":
    case "stop-move":
    case "exits-tightened":
    case "trade":
    case "decision":
    case "no-trade":
    case "session":
    case "risk-event":
      return output;
    default:
      return null;
  }
}

/** @returns what was damaged, in words */
function copyDamaged(from: string, to: string, random: Random): readonly string[] {
  mkdirSync(to, { recursive: true });
  if (random.below(12) === 0) return ["all files are missing"];
  return readdirSync(from).flatMap((name) => {
    // The view comes and goes, and nobody reads it. The lock is the living's, and the index of the log is memory of the machine that lost its power.
    if (
      name.startsWith("trading_state") ||
      name.startsWith("lock.") ||
      (name.endsWith("-shm") && random.below(2) === 0)
    )
      return [];
    const isLog = name.endsWith("-wal") || name.startsWith("intents-");
    const damage = isLog ? (damages[random.below(damages.length)] ?? "none") : "none";
    if (damage === "none") {
      copyFileSync(join(from, name), join(to, name));
      return [];
    }
    const bytes = readFileSync(join(from, name));
    const at = random.below(bytes.length + 1);
    writeFileSync(join(to, name), damaged(bytes, damage, at, random));
    return [`${name}: ${damage} at ${at} of ${bytes.length}`];
  });
}

function damaged(bytes: Buffer, damage: Exclude<Damage, "none">, at: number, random: Random): Buffer {
  switch (damage) {
    case "cut":
      return bytes.subarray(0, at);
    case "zeros":
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)]);
    case "torn page": {
      const last = Math.max(0, bytes.length - pageBytes);
      return Buffer.concat([bytes.subarray(0, last), bytes.subarray(last).map(() => random.below(256))]);
    }
    default:
      throw new TypeError(`unhandled damage ${damage satisfies never}`);
  }
}

/** What SQLite finds wrong with the database, seen by a connection of our own. */
function faultsIn(options: StoreOptions): readonly unknown[] {
  return read(options, (database) => [
    ...database
      .prepare("PRAGMA integrity_check")
      .all()
      .filter((row) => row["integrity_check"] !== "ok"),
    ...database.prepare("PRAGMA foreign_key_check").all(),
  ]);
}

function fillsIn(options: StoreOptions): readonly string[] {
  return read(options, (database) =>
    database
      .prepare("SELECT trade_id FROM fills")
      .all()
      .map((row) => String(row["trade_id"])),
  );
}

function read<T>(options: StoreOptions, look: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(directoryOf(options), "journal.sqlite"), { readOnly: true });
  try {
    return look(database);
  } finally {
    database.close();
  }
}
