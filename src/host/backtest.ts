/**
 * The backtest host: tapes in their own time, the embedded exchange in process, and the same core as live (requirements
 * BT-1). One loop, no promise and no clock; whoever wants to know how long it took measures around it.
 */

import { z } from "zod";
import type { Settings } from "../config/schema.ts";
import { createSources } from "../decision/sources.ts";
import { assert, present } from "../domain/assert.ts";
import type { Control, CoreEvent } from "../domain/event.ts";
import { type Instrument, moneyFromText, numberFromMoney } from "../domain/instrument.ts";
import type { SavedModel } from "../domain/model.ts";
import { isCommand, type Output, type TradeRow } from "../domain/output.ts";
import {
  addMoney,
  type Micros,
  type Money,
  micros,
  microsFromMillis,
  microsPerSecond,
  noMoney,
  subtractMoney,
  symbolIndex,
} from "../domain/units.ts";
import { Core } from "../engine/core.ts";
import { settingsFor } from "../engine/settings.ts";
import type { CoreSummary } from "../engine/summary.ts";
import { Exchange } from "../exchange/exchange.ts";
import type { SymbolSpec } from "../exchange/symbols.ts";
import { trustedMicros } from "../tape/brand.ts";
import type { Tape } from "../tape/format.ts";
import { MergedCursors, TapeCursor } from "../tape/player.ts";
import { warmupCandles } from "../tape/warmup.ts";
import { accountWishes } from "./account-wishes.ts";
import { CommandHash } from "./command-hash.ts";
import { FanOut } from "./fan-out.ts";
import { InProcessVenue } from "./in-process-venue.ts";
import { RunOfLosses, supervised } from "./supervisor.ts";

export type BacktestInput = {
  readonly settings: Settings;
  /** one tape a symbol, in the order of the specifications */
  readonly tapes: readonly Tape[];
  readonly specs: readonly SymbolSpec[];
  /** what sources begin with; nothing learnt without it */
  readonly models?: readonly SavedModel[];
  readonly onOutput?: (output: Output, at: Micros) => void;
};

export type BacktestResult = {
  readonly summary: CoreSummary;
  readonly instruments: readonly Instrument[];
  readonly events: number;
  readonly commands: number;
  readonly hash: string;
  readonly trades: readonly TradeRow[];
  readonly grossPnl: Money;
  readonly fees: Money;
  readonly funding: Money;
  readonly netPnl: Money;
  /** what the exchange says the wallet changed by: the second opinion on the net profit */
  readonly walletChange: Money;
  readonly start: Micros;
  readonly end: Micros;
};

/** Candles before the tape: enough for every indicator period that the settings allow. */
const warmupMinutes = 600;

/** How long after the tape open positions are given to be closed. */
const closingMicros = 60 * microsPerSecond;

/** Turns at one instant; more means that a deadline does not move. */
const roundsMax = 10_000;

export function backtest(input: BacktestInput): BacktestResult {
  return new Backtest(input).run();
}

class Backtest {
  readonly #input: BacktestInput;
  readonly #exchange: Exchange;
  readonly #venue: InProcessVenue;
  readonly #core: Core;
  readonly #hash: CommandHash;
  readonly #trades: TradeRow[] = [];
  /** The same supervisor as live. It is told at once here, and what it asks for follows the turn that it was told in. */
  readonly #supervisor = supervised(new RunOfLosses(() => this.#input.settings.supervisor.run_of_losses), (control) =>
    this.#controls.push(control),
  );
  #controls: Control[] = [];
  #now = 0;

  constructor(input: BacktestInput) {
    const { settings } = input;
    this.#input = input;
    this.#hash = new CommandHash(input.tapes);
    this.#exchange = new Exchange({
      symbols: input.specs,
      walletUsdt: settings.exchange.wallet_usdt.toFixed(8),
      makerFee: settings.exchange.maker_fee.toFixed(8),
      takerFee: settings.exchange.taker_fee.toFixed(8),
      seed: settings.exchange.seed,
    });
    const latency = microsFromMillis(settings.exchange.latency_ms);
    this.#venue = new InProcessVenue(this.#exchange, latency, settings.venue.recv_window_ms);
    this.#core = new Core({
      settings,
      instruments: this.#exchange.instruments,
      sourcesFor: ({ symbol }, features) => createSources(settingsFor(settings, symbol).decision, symbol, features),
    });
  }

  run(): BacktestResult {
    const cursors = new MergedCursors(this.#input.tapes.map((tape, index) => new TapeCursor(tape, symbolIndex(index))));
    const start = micros(cursors.nextTime);
    this.#now = start;
    this.#begin(start);
    const walletBefore = this.#wallet(start);
    const sink = new FanOut(this.#exchange, this.#core);
    let events = 0;
    while (cursors.nextTime !== Number.POSITIVE_INFINITY) {
      this.#play(cursors, sink);
      events += 1;
    }
    const end = this.#finish(micros(this.#now));
    return this.#result(start, end, events, walletBefore);
  }

  /** What the live host learns over the wire before the first quote. */
  #begin(start: Micros): void {
    const { settings, tapes } = this.#input;
    for (const instrument of this.#exchange.instruments) {
      const tape = present(tapes[instrument.index], `tape of ${instrument.symbol}`);
      const candles = warmupCandles(tape, settings.exchange.seed, warmupMinutes, start);
      this.#exchange.loadCandles(instrument.index, candles);
      this.#core.handle({ kind: "candle-history", symbol: instrument.index, candles }, start);
      this.#core.handle(
        {
          kind: "fees",
          symbol: instrument.index,
          makerE8: Math.round(settings.exchange.maker_fee * 1e8),
          takerE8: Math.round(settings.exchange.taker_fee * 1e8),
        },
        start,
      );
    }
    const { models = [] } = this.#input;
    if (models.length > 0) {
      this.#core.handle({ kind: "journal", openTrades: [], session: null, models }, start);
    }
    this.#core.handle({ kind: "private-stream", alive: true }, start);
    this.#venue.setUp(accountWishes(settings), start);
    this.#venue.send({ kind: "query-account" }, start);
  }

  #due(): number {
    return Math.min(this.#core.nextDeadline(), this.#venue.nextDue(), this.#exchange.nextDeadline());
  }

  /** The next event of the tapes, after everything that is due before it. */
  #play(cursors: MergedCursors, sink: FanOut): void {
    const at = trustedMicros(cursors.nextTime);
    if (this.#due() <= at) this.#runUntil(at);
    this.#now = at;
    cursors.deliver(sink);
    if (this.#exchange.hasEvents()) this.#venue.collect(at);
    if (this.#core.hasOutputs) this.#dispatch(at);
  }

  /** Everything that is due up to and including `until`, in the order of its time. */
  #runUntil(until: number): void {
    let rounds = 0;
    for (let due = this.#due(); due <= until; due = this.#due()) {
      // A deadline of the past means "as soon as possible", which is now.
      const now = Math.max(due, this.#now);
      rounds = now === this.#now ? rounds + 1 : 0;
      assert(rounds < roundsMax, `a deadline at ${due} is never met`);
      this.#step(micros(now));
    }
  }

  #step(now: Micros): void {
    this.#now = now;
    if (this.#exchange.nextDeadline() <= now) {
      this.#exchange.advance(now);
      this.#venue.collect(now);
    }
    this.#venue.run(now, this.#deliver);
    if (this.#core.nextDeadline() <= now) this.#core.handle({ kind: "timer" }, now);
    if (this.#core.hasOutputs) this.#dispatch(now);
  }

  readonly #deliver = (event: CoreEvent, at: Micros): void => this.#core.handle(event, at);

  #dispatch(now: Micros): void {
    while (this.#core.hasOutputs) {
      for (const output of this.#core.takeOutputs()) this.#follow(output, now);
    }
    if (this.#controls.length > 0) this.#control(now);
  }

  #follow(output: Output, now: Micros): void {
    this.#input.onOutput?.(output, now);
    if (output.kind === "trade") this.#trades.push(output);
    if (output.kind === "trade" || output.kind === "risk-event") void this.#supervisor.receive(output);
    if (!isCommand(output)) return;
    this.#hash.add(output, now);
    this.#venue.send(output, now);
  }

  #control(now: Micros): void {
    const controls = this.#controls;
    this.#controls = [];
    for (const control of controls) this.#core.handle(control, now);
    if (this.#core.hasOutputs) this.#dispatch(now);
  }

  /** Open positions are closed at the last book, so that every profit counted is a real one. */
  #finish(last: Micros): Micros {
    this.#core.handle({ kind: "stop-requested", policy: "flatten" }, last);
    this.#dispatch(last);
    const limit = last + closingMicros;
    while (!this.#core.isFlat(micros(this.#now)) && this.#due() <= limit)
      this.#step(micros(Math.max(this.#now, this.#due())));
    return micros(this.#now);
  }

  #wallet(now: Micros): Money {
    const { body } = this.#exchange.request({ method: "GET", path: "/fapi/v3/balance", params: {} }, now);
    const rows = z.array(z.object({ asset: z.string(), balance: z.string() })).parse(body);
    return moneyFromText(present(rows.find((row) => row.asset === "USDT")?.balance, "balance of USDT"));
  }

  #result(start: Micros, end: Micros, events: number, walletBefore: Money): BacktestResult {
    const total = (pick: (row: TradeRow) => Money): Money =>
      this.#trades.reduce((sum, row) => addMoney(sum, pick(row)), noMoney);
    return {
      summary: this.#core.summary(),
      instruments: this.#exchange.instruments,
      events,
      commands: this.#hash.commands,
      hash: this.#hash.digest(),
      trades: this.#trades,
      grossPnl: total((row) => row.grossPnl),
      fees: total((row) => row.fees),
      funding: total((row) => row.funding),
      netPnl: total((row) => row.netPnl),
      walletChange: subtractMoney(this.#wallet(end), walletBefore),
      start,
      end,
    };
  }
}

/** Profits of the trades as numbers, for statistics. */
export function netProfits(result: BacktestResult): readonly number[] {
  return result.trades.map((row) => numberFromMoney(row.netPnl));
}
