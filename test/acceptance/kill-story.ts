/**
 * A daemon that is killed again and again on one store while the exchange runs on, and what an outsider saw of it. When a
 * life has recovered it is waited for the moment in which its journal says the same as the exchange.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { Random } from "../../src/tape/random.ts";
import { type Journal, journalOf } from "./journal.ts";
import { type AlgoRow, type OrderRow, Outsider, ofAll, sum, symbols, type TradeRow, textOf } from "./outsider.ts";
import { type LogLine, Scalpd, type Summary, startExchangeFor, summaryOf, temporaryDirectory } from "./processes.ts";
import { UserStream } from "./user-stream.ts";

export type Life = {
  /** the kill that ended it, in words */
  readonly kill: string;
  /** milliseconds */
  readonly from: number;
  readonly to: number;
  /** whether its journal and the exchange came to say the same */
  readonly hasAgreed: boolean;
  readonly log: readonly LogLine[];
};

export type Story = {
  readonly lives: readonly Life[];
  readonly orders: readonly OrderRow[];
  readonly algos: readonly AlgoRow[];
  /** by symbol, in the order of their execution */
  readonly trades: readonly (readonly TradeRow[])[];
  /** positions, orders and conditional orders that are left after the orderly stop of the last life */
  readonly left: readonly unknown[];
  readonly journal: Journal;
  /** what the exchange's wallet changed by, but for funding */
  readonly earned: bigint;
  readonly summary: Summary;
};

type Kill =
  | { readonly at: "start" | "venue-ready" | "trading"; readonly afterMs: number }
  | { readonly at: "event"; readonly event: string; readonly afterMs: number };

/** Trades come fast: many instants are near something that happens. */
const settings = `
# A kill may leave an order in doubt, whose absence takes longer to prove than a stop has by default.
stop: { policy: flatten, timeout_seconds: 30 }
log: { status_seconds: 1 }
decision:
  ensemble: { enabled: false }
  demo: { interval_seconds: 0.2, hold_seconds: 1, cooldown_seconds: 0 }
trading: { normal: { chase: { after_seconds: 0.2 } } }
overrides: { ETHUSDT: { trading: { normal: { entry_order: market } } } }
risk:
  session: { max_trades_per_hour: 5000, max_daily_loss_abs: null, max_daily_loss_pct: null }
`;
/** Far more than it takes: on a machine that is busy, too, nothing else is asked for than that it comes. */
const recoverMillisMax = 60_000;
const agreeMillisMax = 20_000;
const lookEveryMillis = 30;
/** When the event that a kill waits for does not come, it comes without. */
const eventMillisMax = 5_000;
/** Upper bound of a life with what is read before and after it. */
const lifeMillisMax = 100_000;

/** @param seed of the kills; the same seed kills in the same manner, at instants that the machine decides */
export async function killStory(kills: number, seed: number): Promise<Story> {
  const random = new Random(seed);
  const data = temporaryDirectory();
  const config = join(data, "settings.yaml");
  writeFileSync(config, settings);
  const exchange = await startExchangeFor(
    (kills + 2) * lifeMillisMax,
    ...["--speed", "20"],
    "--weightless",
    ...["--seed", String(seed)],
  );
  const begun = Date.now();
  const outsider = new Outsider(exchange.announcement);
  const wallet = await outsider.wallet();
  const stream = await UserStream.open(await outsider.userStream());
  const ledger = new ExchangeLedger(outsider);
  const start = () =>
    new Scalpd(["run", "--config", config, "--exchange", exchange.line, "--data", data, "--json"], {
      lifeMillis: lifeMillisMax,
    });
  const lives: Life[] = [];
  for (let done = 0; done < kills; done += 1) {
    const kill = drawKill(random);
    const from = Date.now();
    const daemon = start();
    const reached = instantOf(kill, daemon, stream, () => agreement(daemon, ledger, data));
    // A daemon that ends by itself must not be waited for.
    const hasAgreed = await Promise.race([reached, daemon.exit.then(() => endedByItself(daemon, kill))]);
    const to = Date.now();
    daemon.signal("SIGKILL");
    await daemon.exit;
    lives.push({ kill: wordsOf(kill), from, to, hasAgreed, log: daemon.log });
  }
  const from = Date.now();
  const last = start();
  await agreement(last, ledger, data);
  last.signal("SIGTERM");
  const exit = await last.exit;
  if (exit.code !== 0) throw new Error(`the last life ended with ${exit.code}:\n${last.errorLines.join("\n")}`);
  lives.push({ kill: "orderly stop", from, to: Date.now(), hasAgreed: true, log: last.log });
  stream.close();
  return {
    lives,
    orders: await ofAll((symbol) => outsider.ordersSince(symbol, begun)),
    algos: await ofAll((symbol) => outsider.algosSince(symbol, begun)),
    trades: await ledger.read(),
    left: [
      ...(await Promise.all(symbols.map((symbol) => outsider.position(symbol)))).filter((row) => row !== null),
      ...(await ofAll((symbol) => outsider.openOrders(symbol))),
      ...(await ofAll((symbol) => outsider.openAlgos(symbol))),
    ],
    journal: journalOf(data),
    earned: (await outsider.wallet()) - wallet - (await outsider.funding()),
    summary: summaryOf(last),
  };
}

/** What a kill is timed by: anything between the start of the process and some time after it trades. */
function drawKill(random: Random): Kill {
  const draw = random.uniform();
  if (draw < 0.25) return { at: "start", afterMs: random.below(1_600) };
  if (draw < 0.5) return { at: "venue-ready", afterMs: random.below(400) };
  if (draw < 0.65) return { at: "trading", afterMs: random.below(1_200) };
  const events = ["TRADE", "TRADE", "NEW", "ALGO NEW", "CANCELED", "AMENDMENT", "ALGO FINISHED"];
  return {
    at: "event",
    event: events[random.below(events.length)] ?? "TRADE",
    afterMs: random.below(3) * random.below(12),
  };
}

function wordsOf(kill: Kill): string {
  return `${kill.afterMs} ms after ${kill.at === "event" ? kill.event : kill.at}`;
}

/** Resolves when it is time to kill. @returns whether the life's journal had agreed with the exchange before */
async function instantOf(
  kill: Kill,
  daemon: Scalpd,
  stream: UserStream,
  agreed: () => Promise<void>,
): Promise<boolean> {
  if (kill.at === "venue-ready") await daemon.logged("VENUE_READY", () => true, recoverMillisMax);
  const hasAgreed = kill.at === "trading" || kill.at === "event";
  if (hasAgreed) {
    await agreed();
    await Promise.race([daemon.logged("ENTERING").catch(() => null), pause(eventMillisMax)]);
  }
  if (kill.at === "event") await stream.next(kill.event, eventMillisMax);
  await pause(kill.afterMs);
  return hasAgreed;
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

function endedByItself(daemon: Scalpd, kill: Kill): never {
  throw new Error(`the daemon ended by itself (${wordsOf(kill)}):\n${daemon.errorLines.join("\n")}`);
}

/** Resolves in a moment in which journal and exchange say the same of positions, orders, executions and profit. */
async function agreement(daemon: Scalpd, ledger: ExchangeLedger, data: string): Promise<void> {
  await daemon.logged("RECOVERED", () => true, recoverMillisMax);
  let differences: readonly string[] = [];
  try {
    await vi.waitUntil(
      async () => {
        differences = await ledger.differencesFrom(() => journalOf(data));
        return differences.length === 0;
      },
      { interval: lookEveryMillis, timeout: agreeMillisMax },
    );
  } catch (cause) {
    const lines = daemon.errorLines.slice(-25).join("\n");
    throw new Error(`no agreement with the exchange:\n${differences.join("\n")}\n${lines}`, { cause });
  }
}

const openStates = new Set(["sent", "unknown", "live", "cancelling", "triggered"]);

/** The exchange's executions so far, read on from the last one that is known. */
class ExchangeLedger {
  readonly #outsider: Outsider;
  readonly #trades = new Map<string, TradeRow[]>(symbols.map((symbol) => [symbol, []]));

  constructor(outsider: Outsider) {
    this.#outsider = outsider;
  }

  async read(): Promise<readonly (readonly TradeRow[])[]> {
    return await Promise.all(
      [...this.#trades].map(async ([symbol, known]) => {
        known.push(...(await this.#outsider.tradesFrom(symbol, BigInt(known.at(-1)?.id ?? 0) + 1n)));
        return known;
      }),
    );
  }

  /** Where the journal, which is read last, says something else; in words. */
  async differencesFrom(read: () => Journal): Promise<readonly string[]> {
    const [positions, orders, algos, trades] = await Promise.all([
      Promise.all(symbols.map((symbol) => this.#outsider.position(symbol))),
      ofAll((symbol) => this.#outsider.openOrders(symbol)),
      ofAll((symbol) => this.#outsider.openAlgos(symbol)),
      this.read(),
    ]);
    const journal = journalFrom(read);
    if (typeof journal === "string") return [journal];
    const open = [...orders.map((order) => order.clientOrderId), ...algos.map((algo) => algo.clientAlgoId)];
    return [
      ...unlike(
        "position",
        positions.flatMap((row) => (row === null ? [] : [`${row.symbol} ${textOf(row.positionAmt)}`])),
        journal.positions.map(({ symbol, quantity }) => `${symbol} ${textOf(quantity)}`),
      ),
      ...unlike(
        "open order",
        open,
        journal.orders.filter(({ state }) => openStates.has(state)).map((order) => order.client_order_id),
      ),
      ...unlike("execution", trades.flat().map(executionOf), journal.fills.map(bookedOf)),
      ...unlike(
        "net profit",
        [textOf(sum(trades.map(closedNet)))],
        [textOf(sum(journal.trades.map(({ net_pnl, funding }) => net_pnl - funding)))],
      ),
    ];
  }
}

export function executionOf({ symbol, id, side, price, qty, commission }: TradeRow): string {
  return `${symbol} ${id} ${side.toLowerCase()} ${qty} ${price} ${commission}`;
}

export function bookedOf({ symbol, trade_id, side, price, quantity, commission }: Journal["fills"][number]): string {
  return `${symbol} ${trade_id} ${side} ${quantity} ${price} ${commission}`;
}

/** Realised profit minus fees of a symbol, up to the last time that it was flat. */
function closedNet(trades: readonly TradeRow[]): bigint {
  let held = 0n;
  let net = 0n;
  let closed = 0n;
  for (const { side, qty, realizedPnl, commission } of trades) {
    held += side === "BUY" ? qty : -qty;
    net += realizedPnl - commission;
    if (held === 0n) closed = net;
  }
  return closed;
}

/** The first life makes it; until then, in words, that it is not there. */
function journalFrom(read: () => Journal): Journal | string {
  try {
    return read();
  } catch (error) {
    return String(error);
  }
}

/** Texts that only one of the two lists has, or has more often. */
function unlike(what: string, exchange: readonly string[], journal: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const one of exchange) counts.set(one, (counts.get(one) ?? 0) + 1);
  for (const one of journal) counts.set(one, (counts.get(one) ?? 0) - 1);
  return [...counts]
    .filter(([, count]) => count !== 0)
    .map(([one, count]) => `${what} ${one}: only ${count > 0 ? "the exchange" : "the journal"} has it`);
}
