import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Alerts } from "../../../src/config/alerts.ts";
import type { Alert } from "../../../src/domain/alert.ts";
import type { Notice } from "../../../src/domain/output.ts";
import type { Delivery } from "../../../src/ops/alerts/channel.ts";
import { AlertDesk } from "../../../src/ops/alerts/desk.ts";
import { episodesMax } from "../../../src/ops/alerts/episodes.ts";
import { openStore } from "../../../src/store/open.ts";
import type { Store } from "../../../src/store/store.ts";
import { optionsIn } from "../../store/rows.ts";
import { ManualTime, start } from "../support.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-alerts-"));
afterAll(() => rmSync(root, { recursive: true }));

const safeMode = notice("SAFE_MODE_ON", { reason: "STORE_FAILED", detail: "disk" });

test("[I-18] a condition raises one alarm an episode, and the next one only when it was quiet or has ended", async () => {
  const { desk, time, codes } = stand();
  for (let index = 0; index < 100; index += 1) desk.observe(safeMode, null);
  await time.advance(10_000);
  expect(codes()).toEqual(["SAFE_MODE_ON"]);
  desk.observe(notice("SAFE_MODE_OFF", { reason: "STORE_FAILED" }), null);
  desk.observe(safeMode, null);
  await time.advance(10_000);
  expect(codes().toSorted()).toEqual(["SAFE_MODE_OFF", "SAFE_MODE_ON", "SAFE_MODE_ON"]);
  await time.advance(11 * 60_000);
  desk.observe(safeMode, null);
  await time.advance(1_000);
  expect(codes()).toHaveLength(4);
});

test("[OPS-2] the next alarm of an episode says how often it was seen since without being told", async () => {
  const { desk, time, told } = stand();
  for (let index = 0; index < 5; index += 1) desk.observe(notice("ORDER_REFUSED", {}), "BTCUSDT");
  await time.advance(11 * 60_000);
  desk.observe(notice("ORDER_REFUSED", {}), "BTCUSDT");
  await time.advance(1_000);
  expect(told.map(({ fields }) => fields["repeatsBefore"])).toEqual([undefined, 4]);
});

test("[OPS-2] symbols are episodes of their own", async () => {
  const { desk, time, told } = stand();
  for (const symbol of ["BTCUSDT", "ETHUSDT", "BTCUSDT"])
    desk.observe(notice("POSITION_MISMATCH", {}, "error"), symbol);
  await time.advance(10_000);
  expect(told.map(({ symbol }) => symbol)).toEqual(["BTCUSDT", "ETHUSDT"]);
});

test("[I-18] another contradiction of the books is another episode, the same one read again is not", async () => {
  const { desk, time, told } = stand();
  for (const [own, reported, seen] of [
    [-19, -10, 1],
    [-19, -10, 2],
    [0, 5, 0],
    [0, 5, 1],
  ] as const) {
    desk.observe(notice("POSITION_MISMATCH", { own, reported, seen }, "error"), "BTCUSDT");
  }
  await time.advance(10_000);
  expect(told.map(({ fields }) => fields["reported"])).toEqual([-10, 5]);
});

test("[I-18] the same contradiction that came anew is another episode", async () => {
  const { desk, time, told } = stand();
  for (const since of [1_000, 1_000, 9_000]) {
    desk.observe(notice("POSITION_MISMATCH", { own: 0, reported: 5, seen: 1, since }, "error"), "BTCUSDT");
  }
  await time.advance(10_000);
  expect(told.map(({ fields }) => fields["since"])).toEqual([1_000, 9_000]);
});

test("[I-18] a position that lies bare once more while its closes fail is another episode, each failure is not", async () => {
  const { desk, time, told } = stand();
  for (const [since, closes] of [
    [1_000, 2],
    [1_000, 3],
    [9_000, 2],
  ] as const) {
    desk.observe(notice("CLOSING_WITHOUT_STOP", { trade: "dzcmldv6", since, closes }, "error"), "BTCUSDT");
  }
  await time.advance(10_000);
  expect(told.map(({ fields }) => fields["since"])).toEqual([1_000, 9_000]);
});

test.each(["FLATTENING", "DAILY_LOSS_HIT", "DAILY_PROFIT_HIT", "DRAWDOWN_HIT", "DRAWDOWN_GUARD_HIT"])(
  "[I-18] %s after trading was resumed is another episode",
  async (code) => {
    const { desk, time, codes } = stand();
    desk.observe(notice(code, {}), null);
    desk.observe(notice("RESUMED", { by: "operator" }), null);
    desk.observe(notice(code, {}), null);
    await time.advance(10_000);
    expect(codes().filter((told) => told === code)).toHaveLength(2);
  },
);

test.each([
  ["the day after is told", 1, ["DAILY_LOSS_HIT"]],
  ["the same day is not told again", -1, []],
])("[I-18] a daily limit that is reached once more after a restart, %s", async (_, minutes, expected) => {
  const midnight = Math.ceil(start / 86_400_000) * 86_400_000;
  const kept: Alert[] = [];
  const before = stand();
  before.time.now = midnight - 2 * 60_000;
  before.desk.open({ recent: [], pending: [] }, { alert: (alert) => kept.push(alert), delivery: () => undefined });
  before.desk.observe(notice("DAILY_LOSS_HIT", {}), null);
  const after = stand();
  after.time.now = midnight + minutes * 60_000;
  after.desk.open({ recent: kept, pending: [] }, { alert: () => undefined, delivery: () => undefined });
  after.desk.observe(notice("DAILY_LOSS_HIT", {}), null);
  await after.time.advance(1_000);
  expect(after.codes()).toEqual(expected);
});

test("[I-18] a critical alarm leaves within a second of being known", async () => {
  const { desk, time, codes } = stand();
  for (let index = 0; index < 50; index += 1) desk.observe(notice("ORDER_REFUSED", {}), `S${index}USDT`);
  desk.observe(safeMode, null);
  await time.advance(999);
  expect(codes()).toContain("SAFE_MODE_ON");
});

test("[I-18] the turn that finds something calls no channel and waits for none", () => {
  const { desk, sendings } = stand(() => {
    throw new Error("called in the turn");
  });
  expect(desk.observe(safeMode, null)).toBeUndefined();
  expect(sendings()).toBe(0);
});

test("[OPS-2] what nobody needs to be told is not told, and an error that no line lists is", async () => {
  const { desk, time, codes } = stand();
  desk.observe(notice("STATUS", { position: "0" }), "BTCUSDT");
  desk.observe(notice("VENUE_RETRY", { cause: "x" }), null);
  desk.observe(notice("SOMETHING_NEW", {}, "error"), null);
  await time.advance(10_000);
  expect(codes()).toEqual(["SOMETHING_NEW"]);
});

test("[OPS-2] below the least severity nothing is told", async () => {
  const { desk, time, codes } = stand(delivered, { least: "critical" });
  desk.observe(notice("STARTING", {}), null);
  desk.observe(notice("ORDER_REFUSED", {}), "BTCUSDT");
  desk.observe(safeMode, null);
  await time.advance(10_000);
  expect(codes()).toEqual(["SAFE_MODE_ON"]);
});

test("[OPS-2] the end of a UTC day is told with the numbers of its last status", async () => {
  const { desk, time, told } = stand();
  desk.observe(notice("STATUS_SESSION", { equity: 10_123.5, dayProfit: 123.5, tradesToday: 42, scale: 1 }), null);
  desk.observe(notice("DAY_STARTED", { day: 20_000, equity: 10_123.5 }), null);
  await time.advance(1_000);
  expect(told).toMatchObject([
    { code: "DAILY_SUMMARY", severity: "info", fields: { equity: 10_123.5, dayProfit: 123.5, tradesToday: 42 } },
  ]);
});

test("[S-02] a field that nobody has allowed does not leave with an alert", async () => {
  const { desk, time, told } = stand();
  desk.observe(notice("ORDER_REFUSED", { message: "no", xyz: "canary-7f3a" }), "BTCUSDT");
  await time.advance(1_000);
  expect(told[0]?.fields).toEqual({ message: "no", xyz: "[hidden]" });
});

test("[I-19] however many different things go wrong, what is remembered has a bound", async () => {
  const { desk, time, told } = stand();
  for (let index = 0; index < episodesMax + 500; index += 1) {
    desk.observe(notice("STORE_NOTE", { detail: `note ${index}` }), null);
  }
  await time.advance(1_000);
  expect(told.length).toBeLessThanOrEqual(episodesMax);
});

test("[OPS-2] alerts that a dead channel did not take are told by the next run, once, and those that it took are not", async () => {
  const directory = mkdtempSync(join(root, "s-"));
  let works = true;
  const send = (): Promise<Delivery> =>
    works ? delivered() : Promise.resolve({ kind: "failed", cause: "down", afterMillis: null });
  const first = await openStore(optionsIn(directory));
  const before = stand(send);
  openOn(before.desk, first);
  before.desk.observe(notice("ORDER_REFUSED", {}), "BTCUSDT");
  await before.time.advance(1_000);
  works = false;
  before.desk.observe(safeMode, null);
  await before.time.advance(1_000);
  await leave(before);
  await first.close();
  works = true;
  const second = await openStore(optionsIn(directory));
  const after = stand(send);
  openOn(after.desk, second);
  // The condition is found again at the start: it is the same episode.
  after.desk.observe(safeMode, null);
  await after.time.advance(60_000);
  expect(after.codes()).toEqual(["SAFE_MODE_ON"]);
  await leave(after);
  await second.close();
  const third = await openStore(optionsIn(directory));
  expect(third.pastAlerts.pending).toEqual([]);
  expect(third.pastAlerts.recent.map(({ code }) => code)).toEqual(["ORDER_REFUSED", "SAFE_MODE_ON"]);
  await third.close();
});

test("[OPS-2] what was found before the journal was open is told at once and kept once it is", async () => {
  const directory = mkdtempSync(join(root, "s-"));
  const run = stand();
  run.desk.observe(notice("STARTING", { venue: "paper" }), null);
  await run.time.advance(1_000);
  expect(run.codes()).toEqual(["STARTING"]);
  const store = await openStore(optionsIn(directory));
  openOn(run.desk, store);
  await leave(run);
  await store.close();
  const next = await openStore(optionsIn(directory));
  expect(next.pastAlerts).toMatchObject({ recent: [{ code: "STARTING", fields: { venue: "paper" } }], pending: [] });
  await next.close();
});

test("[OPS-6] the journal keeps so many events and alerts, and the newest", async () => {
  const directory = mkdtempSync(join(root, "s-"));
  const bounds = { age: 86_400_000_000, rows: 1_000 };
  const store = await openStore(optionsIn(directory, { retention: { events: bounds, books: bounds } }));
  const run = stand(delivered, { info_per_hour: 3_600 });
  openOn(run.desk, store);
  for (let index = 0; index < 3_000; index += 1) {
    store.log(notice("STATUS", { orders: index }), run.time.clock());
    run.desk.observe(notice("STARTING", {}), null);
  }
  await store.committed();
  await store.close();
  const next = await openStore(optionsIn(directory));
  expect(next.pastAlerts.recent.length).toBe(1_000);
  await next.close();
});

function stand(send: () => Promise<Delivery> = delivered, settings: object = {}) {
  const time = new ManualTime();
  const told: Alert[] = [];
  let sendings = 0;
  const desk = new AlertDesk({
    settings: Alerts.parse(settings),
    channels: [
      {
        name: "test",
        gapMillis: 0,
        send: async ({ alert }) => {
          sendings += 1;
          const delivery = await send();
          if (delivery.kind === "delivered") told.push(alert);
          return delivery;
        },
      },
    ],
    timers: time,
    clock: time.clock,
    random: () => 0.5,
    trouble: () => undefined,
  });
  return { desk, time, told, codes: () => told.map(({ code }) => code), sendings: () => sendings };
}

function openOn(desk: AlertDesk, store: Store): void {
  desk.open(store.pastAlerts, {
    alert: (alert, channels) => store.alert({ kind: "alert", alert, channels }),
    delivery: (delivery) => store.alert({ kind: "delivery", delivery }),
  });
}

async function leave({ desk, time }: ReturnType<typeof stand>): Promise<void> {
  const left = desk.leave(100);
  await time.advance(100);
  await left;
}

async function delivered(): Promise<Delivery> {
  return { kind: "delivered" };
}

function notice(code: string, fields: Notice["fields"], level: Notice["level"] = "info"): Notice {
  return { kind: "notice", level, code, symbol: null, fields };
}
