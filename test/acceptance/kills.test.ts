/**
 * kill −9 of the real daemon at random instants, over the wire and with its real store: whatever was on its way, the next
 * life comes to say the same as the exchange, to the last unit, and sends nothing twice (issue: nothing lost, nothing twice).
 *
 * KILLS says how many, and KILLS_SEED which; `npm run test:kill` runs 200 with a seed of the day.
 */

import { beforeAll, expect, test } from "vitest";
import { bookedOf, executionOf, killStory, type Life, type Story } from "./kill-story.ts";
import { exposures, nakedSpans, type OrderRow, ourId, sum, textOf } from "./outsider.ts";

const { KILLS, KILLS_SEED } = process.env;
const kills = Number(KILLS ?? 20);
const seed = Number(KILLS_SEED ?? 20_240_719);

let story: Story;

beforeAll(
  async () => {
    story = await killStory(kills, seed);
  },
  60_000 + kills * 20_000,
);

test(`[REC-3] each life that was let come to rest said the same as the exchange (${kills} kills, seed ${seed})`, () => {
  expect(story.lives).toHaveLength(kills + 1);
  expect(story.lives.filter(({ hasAgreed }) => hasAgreed).length).toBeGreaterThanOrEqual(kills / 4);
});

test("[REC-3] in the end the journal holds each execution of the exchange once, to the last unit", () => {
  const executions = story.trades.flat().map(executionOf);
  expect(executions.length).toBeGreaterThanOrEqual(kills / 10);
  expect(story.journal.fills.map(bookedOf).sort()).toEqual(executions.sort());
});

test("[REC-3] in the end the journal's profit is what the wallet has changed by, to the last unit", () => {
  const net = sum(story.journal.trades.map(({ net_pnl, funding }) => net_pnl - funding));
  expect(textOf(net)).toBe(textOf(story.earned));
});

test("[REC-3] in the end nothing is open, neither on the exchange nor in the journal", () => {
  expect([story.left, story.journal.positions]).toEqual([[], []]);
});

test("[IDM-1] no client id stands on two orders of one service", () => {
  const ids = story.orders.map((order) => order.clientOrderId);
  const algoIds = story.algos.map((algo) => algo.clientAlgoId);
  expect([new Set(ids).size, new Set(algoIds).size]).toEqual([ids.length, algoIds.length]);
});

test("[IDM-1] a trade's entries are sent by one life only: what a kill leaves is settled, never sent again", () => {
  const lives = new Map<string, Set<number>>();
  for (const { trade, order } of entries()) {
    const life = story.lives.findLastIndex(({ from }) => from <= order.time);
    lives.set(trade, (lives.get(trade) ?? new Set()).add(life));
  }
  expect([...lives].filter(([, { size }]) => size > 1)).toEqual([]);
});

test("[IDM-1] no trade has two entries that are open at once (I-03)", () => {
  const spans = entries().toSorted((a, b) => a.order.time - b.order.time);
  const doubled = spans.filter(({ trade, order }, index) =>
    spans.slice(0, index).some((before) => before.trade === trade && before.order.updateTime > order.time),
  );
  expect(doubled).toEqual([]);
});

test("[IDM-1] a trade's entries never fill more than was planned (I-03)", () => {
  const planned = new Map(story.journal.intents.map(({ trade, quantity }) => [trade, quantity]));
  const filled = Map.groupBy(entries(), ({ trade }) => trade);
  const over = [...filled].filter(
    ([trade, rows]) => sum(rows.map(({ order }) => order.executedQty)) > (planned.get(trade) ?? 0n),
  );
  expect(over).toEqual([]);
});

test("[IDM-1] every entry that reached the exchange has its intent in the journal (I-10)", () => {
  const known = new Set(story.journal.intents.map(({ trade }) => trade));
  expect(entries().filter(({ trade }) => !known.has(trade))).toEqual([]);
});

test("[REC-3] no life enters anything before each position that it finds has its stop (I-11)", () => {
  const early = story.lives.flatMap((life) => {
    const first = entries()
      .map(({ order }) => order.time)
      .filter((time) => isIn(life, time))
      .sort((a, b) => a - b)[0];
    if (first === undefined) return [];
    return exposed(life)
      .filter(({ to }) => to > first)
      .filter((exposure) => nakedSpans({ ...exposure, from: first, to: first + 1 }, story.algos).length > 0)
      .map(({ symbol }) => `${life.kill}: ${symbol}`);
  });
  expect(early).toEqual([]);
});

test("[REC-3] the first order for a position that a life finds naked is its stop, or closes it (I-11)", () => {
  const wrong = story.lives.flatMap((life) =>
    exposed(life).flatMap((exposure) => {
      const covered = nakedSpans({ ...exposure, from: life.from, to: life.from + 1 }, story.algos).length === 0;
      const first = sentFor(exposure.symbol).find(({ time }) => isIn(life, time));
      if (covered || first === undefined || ["f", "r", "x"].includes(first.role)) return [];
      return [`${life.kill}: ${exposure.symbol} ${first.role}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test("[REC-3] the kills met positions and entries that rested", () => {
  const met = story.lives
    .slice(0, -1)
    .filter(
      ({ to }) =>
        allExposures().some((exposure) => exposure.from <= to && to < exposure.to) ||
        entries().some(({ order }) => order.time <= to && to < order.updateTime),
    );
  expect(met.length).toBeGreaterThanOrEqual(kills / 20);
});

test("[SAF-1] a kill alone is no reason for safe mode", () => {
  const codes = story.lives.flatMap(({ log }) => log.map((line) => line["code"]));
  expect(codes).toContain("SESSION_READY");
  expect(codes.filter((code) => code === "SAFE_MODE_ON" || code === "STORE_NOTE")).toEqual([]);
  expect([story.summary.safe_mode, story.summary.failure]).toEqual([false, null]);
});

type Entry = { readonly trade: string; readonly order: OrderRow };

function entries(): readonly Entry[] {
  return story.orders.flatMap((order) => {
    const id = ourId(order.clientOrderId);
    return id?.role === "e" ? [{ trade: id.trade, order }] : [];
  });
}

/** Orders and conditional orders of ours for a symbol, in the order of their times; children of conditional ones aside. */
function sentFor(symbol: string): readonly { readonly role: string; readonly time: number }[] {
  const algos = story.algos.filter((algo) => algo.symbol === symbol);
  const conditional = new Set(algos.map(({ clientAlgoId }) => clientAlgoId));
  return [
    ...algos.map(({ clientAlgoId, createTime }) => ({ role: roleOf(clientAlgoId), time: createTime })),
    ...story.orders
      .filter((order) => order.symbol === symbol && !conditional.has(order.clientOrderId))
      .map(({ clientOrderId, time }) => ({ role: roleOf(clientOrderId), time })),
  ].toSorted((a, b) => a.time - b.time);
}

function roleOf(id: string): string {
  return ourId(id)?.role ?? "foreign";
}

/** What is not flat when a life begins. */
function exposed({ from }: Life) {
  return allExposures().filter((exposure) => exposure.from < from && from < exposure.to);
}

function allExposures() {
  return story.trades.flatMap((trades) => exposures(trades));
}

function isIn({ from, to }: Life, time: number): boolean {
  return from <= time && time <= to;
}
