/** How the judge looks into a running world: market messages by their streams, books on both sides, sizes, secrets. */

import type { Settings } from "../config/schema.ts";
import { askSide, bidSide } from "../domain/market-port.ts";
import { microsPerMillisecond, microsPerSecond } from "../domain/units.ts";
import { settingsFor } from "../engine/settings.ts";
import { exchangeLimits } from "../exchange/wire/limits.ts";
import { type Book, noTick } from "../market/book.ts";
import type { Call } from "./call.ts";
import type { OpenDoubt } from "./judge/doubts.ts";
import type { Judge, JudgeParts } from "./judge/judge.ts";
import type { BookView, Level } from "./judge/local-book.ts";
import type { Grid } from "./judge/truth.ts";
import type { World } from "./world.ts";

/** As deep as the exchange is asked. */
const levelsMax = 20;
/** Of the four requests that read the account. @see binance-usdm.md §4.1 */
const accountWeight = 90;
/** The name of the stream stands at the head of a message, and ids of updates soon after it. */
const streamMark = '{"stream":"';
const nameBytes = 64;
const headBytes = 240;

export class Looking {
  readonly parts: JudgeParts;
  readonly #grids: readonly Grid[];

  constructor(grids: readonly Grid[], settings: Settings, world: World) {
    this.#grids = grids;
    const { market, guardrails } = settings;
    this.parts = {
      fresh: {
        quote: market.quote_stale_ms * microsPerMillisecond,
        trade: market.trade_stale_ms * microsPerMillisecond,
        mark: market.mark_stale_ms * microsPerMillisecond,
        account: guardrails.account_stale_seconds * microsPerSecond,
        latency: market.latency_max_ms * microsPerMillisecond,
      },
      canaries: world.secrets,
      notionalMax: (symbol) => settingsFor(settings, symbol).risk.max_notional,
      leverageMax: settings.risk.max_leverage,
      positionsMax: guardrails.max_positions,
      tradesAnHourMax: settings.risk.session.max_trades_per_hour,
      dayLoss: {
        dayLossMax: settings.risk.session.max_daily_loss_abs ?? Number.POSITIVE_INFINITY,
        wallet: settings.exchange.wallet_usdt,
        accountAge: guardrails.account_stale_seconds * microsPerSecond,
      },
      isSafeModeOperators: settings.safe_mode.leave === "operator",
      leavesOrphans: settings.reconcile.orphan_position === "report",
      cancelsForeign: settings.reconcile.foreign_orders === "cancel",
      ownBook: (symbol) => {
        const book = world.process.core?.desks[symbol]?.market.book;
        return book?.valid === true ? viewOf(book) : null;
      },
      ownPositions: () => {
        const open = world.process.core?.openPositions();
        if (open === undefined) return null;
        const held = (symbol: number): number =>
          open.reduce((sum, { instrument, lots }) => sum + (instrument.index === symbol ? lots : 0), 0);
        return grids.map((_, symbol) => held(symbol));
      },
      firstMessage: settings.venue.first_message_ms * microsPerMillisecond,
      replyTimeout: settings.venue.reply_timeout_ms * microsPerMillisecond,
      readableWeight: exchangeLimits.weightPerMinute * (1 - settings.venue.protection_weight_share / 2) - accountWeight,
      foundStopDistance: (averageTicks) =>
        Math.max(settings.risk.sltp.min_ticks, (averageTicks * settings.protection.default_stop_bps) / 1e4),
      sizes: () => world.process.sizes,
    };
  }

  onMarket(judge: Judge, bytes: Uint8Array): void {
    const name = textOf(bytes, nameBytes);
    const end = name.indexOf('"', streamMark.length);
    if (!name.startsWith(streamMark) || end < 0) return;
    const stream = name.slice(streamMark.length, end);
    judge.fresh?.onMarket(stream, bytes);
    if (!stream.endsWith("@depth@100ms")) return;
    this.#told(judge, stream.split("@")[0] ?? "", /"u":(\d+)/.exec(textOf(bytes, headBytes))?.[1]);
  }

  onReply(judge: Judge, call: Call, text: string | null): void {
    if (text === null) return;
    const key = call.path.endsWith("listenKey") ? /"listenKey":"([^"]+)"/.exec(text)?.[1] : undefined;
    if (key !== undefined) judge.secrets.learn(key);
    if (call.name !== "GET depth") return;
    const updateId = /"lastUpdateId":(\d+)/.exec(text)?.[1];
    const symbol = this.#grids.findIndex((grid) => grid.symbol === call.params.get("symbol"));
    if (symbol >= 0 && updateId !== undefined) judge.localBooks.onWhole(symbol, Number(updateId));
  }

  /** @param body the exchange's answer to GET depth */
  onBook(judge: Judge, symbol: number, body: unknown): void {
    const grid = this.#grids[symbol];
    if (grid === undefined || typeof body !== "object" || body === null) return;
    const side = (name: string): readonly Level[] => {
      const rows: unknown = Reflect.get(body, name);
      return Array.isArray(rows) ? rows.map((row) => levelOf(row, grid)) : [];
    };
    const updateId = Number(Reflect.get(body, "lastUpdateId"));
    judge.localBooks.onTruth(symbol, { updateId, bids: side("bids"), asks: side("asks") });
  }

  #told(judge: Judge, name: string, updateId: string | undefined): void {
    const symbol = this.#grids.findIndex((grid) => grid.symbol === name.toUpperCase());
    if (symbol >= 0 && updateId !== undefined) judge.localBooks.onTold(symbol, Number(updateId));
  }
}

/** What the daemon says of orders whose fate it does not know. */
export function doubtsOf({ process }: World): readonly OpenDoubt[] {
  const trades = process.core?.desks.flatMap(({ manager, turned }) => [manager.trade ?? [], turned.trade ?? []].flat());
  const now = process.clock();
  return (trades ?? []).flatMap(({ orders, plan: { symbol } }) =>
    [...orders.values()].flatMap(({ id, status }) =>
      status.kind === "unknown" ? [{ id, symbol, age: now - status.since }] : [],
    ),
  );
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array, most: number): string {
  return Buffer.from(buffer, byteOffset, Math.min(byteLength, most)).toString("latin1");
}

function levelOf(row: unknown, { tick, step }: Grid): Level {
  const [price, size] = Array.isArray(row) ? row : [];
  return [Math.round(Number(price) / tick), Math.round(Number(size) / step)];
}

function viewOf(book: Book): BookView {
  const levels = (side: typeof bidSide | typeof askSide): readonly Level[] => {
    const found: Level[] = [];
    for (let price = book.best(side); price !== noTick && found.length < levelsMax; price = book.next(side, price)) {
      found.push([price, book.sizeAt(side, price)]);
    }
    return found;
  };
  return { bids: levels(bidSide), asks: levels(askSide) };
}
