/** kill −9 with a position open, while the exchange runs on: the next start takes over what is there and repeats nothing. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { present } from "../../src/domain/assert.ts";
import { type Journal, journalOf } from "./journal.ts";
import {
  type AlgoRow,
  type Guarded,
  type OrderRow,
  Outsider,
  ofAll,
  ourId,
  sum,
  symbols,
  type TradeRow,
  textOf,
} from "./outsider.ts";
import { Scalpd, type Summary, startExchange, summaryOf, temporaryDirectory } from "./processes.ts";

type State = {
  readonly orders: readonly OrderRow[];
  readonly algos: readonly AlgoRow[];
  readonly trades: readonly TradeRow[];
};

/** What was seen of one kill and the start after it. */
type Story = {
  readonly seen: Guarded;
  readonly atKill: State;
  /** right after the second start has adopted the position */
  readonly adopted: State;
  /** after the orderly stop of the second life */
  readonly final: State;
  readonly left: readonly unknown[];
  readonly summary: Summary;
  readonly journal: Journal;
};

const cases = [
  { when: "once its executions are journalled", commitMillis: 50, waitsForJournal: true },
  { when: "before its executions are journalled", commitMillis: 10_000, waitsForJournal: false },
] as const;
type Case = (typeof cases)[number];

/** Long enough for the second start, on a machine that is busy. */
const holdSeconds = 10;

const stories = new Map<Case, Story>();

beforeAll(async () => {
  await Promise.all(cases.map(async (kill) => stories.set(kill, await storyOf(kill))));
}, 75_000);

async function storyOf({ commitMillis, waitsForJournal }: Case): Promise<Story> {
  const data = temporaryDirectory();
  const config = join(data, "settings.yaml");
  writeFileSync(
    config,
    [
      "stop: { policy: flatten }",
      `store: { commit_interval_ms: ${commitMillis} }`,
      `decision: { demo: { hold_seconds: ${holdSeconds} } }`,
      // Stop and target are out of reach, so that the time limit is what ends the trade.
      "risk: { sltp: { min_ticks: 5000 } }",
    ].join("\n"),
  );
  const exchange = await startExchange();
  const outsider = new Outsider(exchange.announcement);
  const start = () => new Scalpd(["run", "--config", config, "--exchange", exchange.line, "--data", data, "--json"]);
  const first = start();
  const seen = await outsider.guardedPosition();
  if (waitsForJournal) await vi.waitUntil(() => isJournalled(outsider, data), { interval: 200, timeout: 7_000 });
  first.signal("SIGKILL");
  await first.exit;
  const atKill = await stateOf(outsider);
  const second = start();
  await second.logged("TRADE_ADOPTED", (line) => line["trade"] === seen.trade);
  const adopted = await stateOf(outsider);
  await second.logged("TRADE_CLOSED", (line) => line["trade"] === seen.trade);
  second.signal("SIGTERM");
  expect(await second.exit, second.errorLines.join("\n")).toEqual({ code: 0, signal: null });
  return {
    seen,
    atKill,
    adopted,
    final: await stateOf(outsider),
    left: await leftOn(outsider),
    summary: summaryOf(second),
    journal: journalOf(data),
  };
}

/** Every trade of the exchange is in the journal, and no order rests that could bring another one. */
async function isJournalled(outsider: Outsider, data: string): Promise<boolean> {
  const resting = await ofAll((symbol) => outsider.openOrders(symbol));
  const traded = await ofAll((symbol) => outsider.trades(symbol));
  return resting.length === 0 && journalOf(data).fills.length === traded.length;
}

async function stateOf(outsider: Outsider): Promise<State> {
  return {
    orders: await ofAll((symbol) => outsider.orders(symbol)),
    algos: await ofAll((symbol) => outsider.algos(symbol)),
    trades: await ofAll((symbol) => outsider.trades(symbol)),
  };
}

/** Positions, orders and conditional orders that are open. */
async function leftOn(outsider: Outsider): Promise<readonly unknown[]> {
  const positions = await Promise.all(symbols.map((symbol) => outsider.position(symbol)));
  return [
    ...positions.filter((position) => position !== null),
    ...(await ofAll((symbol) => outsider.openOrders(symbol))),
    ...(await ofAll((symbol) => outsider.openAlgos(symbol))),
  ];
}

describe.each(cases)("killed $when", (kill) => {
  const story = (): Story => present(stories.get(kill), "the story");

  test("[F-16] with the daemon gone the stop rests on the exchange", () => {
    const { seen, atKill } = story();
    expect(stopsOf(atKill, seen.trade)).toEqual([[seen.stop.clientAlgoId, "NEW"]]);
  });

  test("[F-08] the next start adopts the position, and its stop stays as it is", () => {
    const { seen, adopted } = story();
    expect(stopsOf(adopted, seen.trade)).toEqual([[seen.stop.clientAlgoId, "NEW"]]);
  });

  test("[F-08] the trade never gets a second stop", () => {
    const { seen, final } = story();
    expect(stopsOf(final, seen.trade).map(([id]) => id)).toEqual([seen.stop.clientAlgoId]);
  });

  test("[IDM-1] no trade that had begun before the kill gets a further entry order", () => {
    const { atKill, final } = story();
    const begun = new Set(entries(atKill).map(({ trade }) => trade));
    expect(entries(final).filter(({ trade }) => begun.has(trade))).toEqual(entries(atKill));
  });

  test("[REC-3] the adopted position ends closed, at the time limit that it was entered with", () => {
    const { seen, journal } = story();
    const row = present(
      journal.trades.find(({ trade }) => trade === seen.trade),
      "the trade's summary",
    );
    const seconds = Number(row.exit_time - row.entry_time) / 1e6;
    expect(row.exit_reason).toBe("MAX_HOLD");
    // The default limit is 30 s.
    expect(Math.round(seconds)).toBeLessThan(holdSeconds + 5);
  });

  test("[REC-3] after the stop nothing is open on the exchange", () => {
    expect(story().left).toEqual([]);
  });

  test("[REC-3] the journal of both lives holds each of the exchange's trades once", () => {
    const { final, journal } = story();
    const ids = final.trades.map(({ symbol, id }) => `${symbol} ${id}`).sort();
    expect(journal.fills.map(({ symbol, trade_id }) => `${symbol} ${trade_id}`).sort()).toEqual(ids);
  });

  test("[REC-3] the net profit of both lives is the exchange's, to the last unit", () => {
    const { final, journal } = story();
    const realised = sum(final.trades.map((trade) => trade.realizedPnl));
    const fees = sum(final.trades.map((trade) => trade.commission));
    expect(textOf(sum(journal.trades.map((trade) => trade.net_pnl)))).toBe(textOf(realised - fees));
  });

  test("[REC-3] a kill is no reason for safe mode", () => {
    const { summary } = story();
    expect([summary.safe_mode, summary.failure]).toEqual([false, null]);
  });
});

function stopsOf({ algos }: State, trade: string): readonly (readonly [string, string])[] {
  return algos
    .filter(({ clientAlgoId }) => {
      const id = ourId(clientAlgoId);
      return id?.trade === trade && (id.role === "f" || id.role === "r");
    })
    .map(({ clientAlgoId, algoStatus }) => [clientAlgoId, algoStatus] as const);
}

function entries({ orders }: State): readonly { readonly trade: string; readonly id: string }[] {
  return orders.flatMap(({ clientOrderId }) => {
    const id = ourId(clientOrderId);
    return id?.role === "e" ? [{ trade: id.trade, id: clientOrderId }] : [];
  });
}
