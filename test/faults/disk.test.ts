import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../src/domain/order-id.ts";
import type { FillRow, IntentRow } from "../../src/domain/output.ts";
import { lots, micros, money, symbolIndex, ticks } from "../../src/domain/units.ts";
import { Disk } from "../../src/faults/disk.ts";

const trade = tradeIdFrom("d1");
const entry = orderId({ prefix: "sd", trade, role: "e", attempt: 1 });

const intent: IntentRow = {
  kind: "intent",
  trade,
  decisionId: "d1",
  source: "demo",
  symbol: symbolIndex(0),
  clientOrderId: entry,
  side: "buy",
  quantity: lots(10),
  stopLoss: ticks(639_000),
  takeProfit: null,
  secondTarget: null,
  exits: null,
  decisionMidHalfTicks: null,
  holdUntil: micros(60),
  cooldownMicros: null,
  time: micros(0),
};

const fill: FillRow = {
  kind: "fill",
  trade,
  symbol: symbolIndex(0),
  tradeId: "4711",
  clientOrderId: entry,
  side: "buy",
  price: ticks(640_000),
  quantity: lots(10),
  commission: null,
  commissionAsset: null,
  maker: null,
  time: micros(1),
};

test("[I-07] an execution that is written again is kept once, and adds what was not known of it", () => {
  const disk = new Disk();
  disk.commit([intent, fill, { ...fill, commission: money(5n), commissionAsset: "USDT", maker: true }]);
  const fills = disk.journal().openTrades.flatMap((open) => open.fills.map((one) => one.fill));
  expect(fills).toMatchObject([{ tradeId: "4711", quantity: 10, commission: 5n, maker: true }]);
});

test("[I-24] executions outlive a power loss that takes their intent, and are there when it is written again", () => {
  const disk = new Disk();
  disk.write(intent);
  disk.commit([fill]);
  disk.afterCrash("power");
  expect([disk.fills.size, disk.journal().openTrades]).toEqual([1, []]);
  disk.commit([intent]);
  expect(disk.journal().openTrades.map((open) => open.fills.length)).toEqual([1]);
});

test("[F-08] a power loss takes an intent that was written while the disk was being synced", () => {
  const disk = new Disk();
  disk.write(intent);
  const synced = disk.beginSync();
  disk.write({ ...intent, trade: tradeIdFrom("d2"), clientOrderId: `${entry}2` });
  synced();
  disk.afterCrash("power");
  expect(disk.journal().openTrades.map((open) => open.intent.trade)).toEqual([trade]);
});

test("[F-38] a damaged database leaves a halt until somebody resumes, and says so once", () => {
  const disk = new Disk();
  disk.commit([intent, fill]);
  disk.afterCrash("database");
  expect(disk.journal().session?.hold).toEqual({ kind: "halt", reason: "HALTED", by: "store", until: null });
  expect([disk.open().length, disk.open().length]).toEqual([1, 0]);
});

test("[F-39] that a journal has failed outlives a kill, and a power loss once it is synced", () => {
  const afterPower = (isSynced: boolean): string | undefined => {
    const disk = new Disk();
    const synced = disk.fail({ detail: "disk I/O error", at: micros(1) });
    if (isSynced) synced();
    disk.afterCrash("power");
    return disk.journal().safeMode?.mode;
  };
  expect([afterPower(true), afterPower(false)]).toEqual(["safe", undefined]);
});

test("[F-39] a lost disk remembers nothing, SAFE MODE included", () => {
  const disk = new Disk();
  const cause = { reason: "CANNOT_PROTECT", detail: "", seenAt: micros(1), isGone: false } as const;
  const state = { version: 1, mode: "safe", episode: 1, since: micros(1), causes: [cause] } as const;
  const row = { kind: "safe-mode", change: "entered", reason: "CANNOT_PROTECT", detail: "", by: null } as const;
  disk.commit([intent, fill, { ...row, state, time: micros(1) }]);
  expect(disk.journal().safeMode).toEqual(state);
  disk.afterCrash("disk");
  expect([disk.fills.size, disk.journal().openTrades, disk.journal().safeMode]).toEqual([0, [], null]);
});
