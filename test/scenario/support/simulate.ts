/**
 * Stories of the daemon in virtual time: the real core, the real embedded exchange, a wire between them on which things go
 * wrong as scripted, and a market that does what it is told. No clock, no sockets, no store.
 */

import { Settings } from "../../../src/config/schema.ts";
import type { DecisionSource } from "../../../src/decision/source.ts";
import type { Decision } from "../../../src/domain/decision.ts";
import type { CoreEvent, SetUp } from "../../../src/domain/event.ts";
import type { Instrument } from "../../../src/domain/instrument.ts";
import type { Journal, JournalFill } from "../../../src/domain/journal.ts";
import { askSide, bidSide, depthLevels, type MarketSink } from "../../../src/domain/market-port.ts";
import {
  type Command,
  type FillRow,
  isCommand,
  type Notice,
  type Output,
  type TradeRow,
} from "../../../src/domain/output.ts";
import {
  lots,
  type Micros,
  micros,
  microsFromMillis,
  microsPerMinute,
  priceE8,
  symbolIndex,
  ticks,
} from "../../../src/domain/units.ts";
import { Core } from "../../../src/engine/core.ts";
import { Exchange, type ExchangeOptions } from "../../../src/exchange/exchange.ts";
import { listedSymbols } from "../../../src/exchange/symbols.ts";
import type { Trade } from "../../../src/execution/trade.ts";
import { after, type SettingsChanges, start } from "../../support/core.ts";
import { AdapterWire } from "./adapter-wire.ts";
import { decisionAt, ScriptedSource } from "./source.ts";
import { Truth } from "./truth.ts";
import {
  nameOfCommand,
  onlyInstrument,
  type ScriptedFault,
  type VenueWire,
  Wire,
  type WireObserver,
  type WireOptions,
} from "./wire.ts";

const symbol = symbolIndex(0);

/** Turns at one instant; more means that a deadline does not move. */
const turnsMax = 1_000;
const levelsASide = 6;
const beat = microsFromMillis(1_000);

export type Story = {
  readonly settings?: SettingsChanges;
  readonly faults?: readonly ScriptedFault[];
  /** one way */
  readonly latencyMs?: number;
  /** best bid at the start, ticks; 640,000 unless said */
  readonly bid?: number;
  /** beside what {@link Simulation.decide} says; made anew for each run */
  readonly sources?: (settings: Settings) => readonly DecisionSource[];
  /** how far the account set-up has come; proven unless said */
  readonly setUp?: SetUp;
  /** through the venue adapter, orders by REST or over the WebSocket API; unless said the core meets the exchange itself */
  readonly through?: "rest" | "session";
  /** sees all that passes, and what is so on the exchange once it has passed */
  readonly watch?: (truth: Truth) => Watcher;
};

export type Watcher = Partial<WireObserver> & { readonly output?: (output: Output, at: Micros) => void };

/** Prices in ticks, sizes in lots. Six levels a side; those behind the touch hold a thousand lots each. */
export type Quote = {
  readonly bid: number;
  readonly ask?: number;
  readonly bidLots?: number;
  readonly askLots?: number;
  /** mark price; the bid unless said */
  readonly mark?: number;
  /** how old the news is when it is received, milliseconds; 0 unless said */
  readonly age?: number;
};

export function simulate(story: Story = {}): Simulation {
  return new Simulation(story);
}

/** What stands in the way of a story: rests after trades, what an entry may cost, how old data may be. */
const plain: SettingsChanges = {
  symbols: ["BTCUSDT"],
  risk: { cost: { enabled: false, factor: 1 } },
  guardrails: { cooldown_seconds: 0 },
};

export class Simulation {
  readonly exchange: Exchange;
  core: Core;
  readonly wire: VenueWire;
  /** the same one, where the story goes through the adapter */
  readonly #adapterWire: AdapterWire | null;
  readonly truth = new Truth();
  readonly instrument: Instrument;
  readonly outputs: Output[] = [];
  /** when each of them came */
  readonly #outputTimes: Micros[] = [];
  readonly #lost = new Set<Output>();
  #isDown = false;
  /** those that the next run begins with */
  settings: Settings;
  /** news of the market that reach the exchange and not the daemon */
  readonly silenced = new Set<"touch" | "depth" | "trades" | "mark">();
  now: Micros = after(-2_000);
  quoted: Required<Quote>;
  readonly #given: SettingsChanges;
  readonly #source = new ScriptedSource();
  readonly #watcher: Watcher;
  readonly #setUp: SetUp;
  readonly #sources: (settings: Settings) => readonly DecisionSource[];
  readonly #levels = depthLevels(2 * levelsASide);
  #updateId = 1;
  #tradeId = 0;
  #decisions = 0;
  #taken = 0;
  #nextBeat: number = after(-2_000);
  #killedAt: Micros = after(-2_000);

  constructor(story: Story) {
    const bid = story.bid ?? 640_000;
    this.#given = merge(plain, story.settings ?? {});
    this.settings = Settings.parse(this.#given);
    this.#watcher = story.watch?.(this.truth) ?? {};
    this.#sources = story.sources ?? (() => []);
    const exchangeOptions: ExchangeOptions = {
      symbols: listedSymbols.slice(0, 1),
      walletUsdt: String(this.settings.exchange.wallet_usdt),
      makerFee: this.settings.exchange.maker_fee.toFixed(8),
      takerFee: this.settings.exchange.taker_fee.toFixed(8),
      seed: 1,
    };
    this.exchange = new Exchange(exchangeOptions);
    this.instrument = onlyInstrument(this.exchange);
    this.core = this.#newCore();
    const options: WireOptions = {
      exchange: this.exchange,
      latencyMs: story.latencyMs ?? 20,
      replyTimeoutMs: this.settings.venue.reply_timeout_ms,
      recvWindowMs: this.settings.venue.recv_window_ms,
      observer: this.#observer(),
      deliver: (event, at) => this.tell(event, at),
    };
    const { settings } = this;
    const notice = (told: Notice, at: Micros): void => this.#keep(told, at);
    const hasSession = story.through === "session";
    this.#adapterWire =
      story.through === undefined
        ? null
        : new AdapterWire({ ...options, settings, exchangeOptions, hasSession, notice });
    this.wire = this.#adapterWire ?? new Wire(options);
    this.quoted = { bid, ask: bid + 1, bidLots: 100, askLots: 100, mark: bid, age: 0 };
    this.#setUp = story.setUp ?? {
      state: "proven",
      leverage: this.settings.risk.max_leverage,
      maintenance: [{ upTo: 300_000, rate: 0.004 }],
    };
    this.#begin();
    this.wire.script(story.faults ?? []);
  }

  /** The story's settings with these changes. */
  settingsWith(changes: SettingsChanges): Settings {
    return Settings.parse(merge(this.#given, changes));
  }

  /** What the journal has: all that was put out and not lost by a kill. */
  get kept(): readonly Output[] {
    return this.outputs.filter((output) => !this.#lost.has(output));
  }

  /** The daemon's own trade, if one is under way. */
  get running(): Trade | null {
    return this.core.desks[0]?.manager.trade ?? null;
  }

  /** The wire of a story that goes through the adapter. */
  get adapterWire(): AdapterWire {
    if (this.#adapterWire === null) throw new Error("the story does not go through the adapter");
    return this.#adapterWire;
  }

  /** Summaries of the trades that are over. */
  get trades(): readonly TradeRow[] {
    return this.outputs.filter((output) => output.kind === "trade");
  }

  get commands(): readonly Command[] {
    return this.outputs.filter(isCommand);
  }

  /** What the daemon asked for since the last call, such as `place-order e1`; reads are left out. */
  sent(): readonly string[] {
    return this.sentCommands().map(nameOfCommand);
  }

  /** The same with all that they say. */
  sentCommands(): readonly Command[] {
    const all = this.commands;
    const fresh = all.slice(this.#taken);
    this.#taken = all.length;
    return fresh.filter(({ kind }) => !kind.startsWith("query-"));
  }

  /** Names of all commands from the beginning, reads too. */
  get asked(): readonly string[] {
    return this.commands.map(nameOfCommand);
  }

  notices(code: string): readonly Notice[] {
    return this.outputs.filter((output) => output.kind === "notice").filter((notice) => notice.code === code);
  }

  /** The market shows another touch. */
  quote(quote: Quote): void {
    const bidLots = quote.bidLots ?? this.quoted.bidLots;
    this.quoted = {
      bid: quote.bid,
      ask: quote.ask ?? quote.bid + 1,
      bidLots,
      askLots: quote.askLots ?? bidLots,
      mark: quote.mark ?? quote.bid,
      age: quote.age ?? 0,
    };
    this.#showBook();
    this.#showTouch();
    this.#afterMarket();
  }

  /** Somebody trades on the market; `aggressor` is who took. */
  traded(price: number, quantity: number, aggressor: "buy" | "sell"): void {
    this.#tradeId += 1;
    for (const sink of this.#sinksOf("trades")) {
      sink.onTrade(symbol, this.#tradeId, ticks(price), lots(quantity), aggressor === "sell", this.now, this.now);
    }
    this.#afterMarket();
  }

  /** Continuity of the market data is lost: there is no book until the next quote. */
  loseBook(): void {
    this.exchange.onGap(symbol, this.now);
    this.core.onGap(symbol, this.now);
  }

  /** The source decides: a long at market conditions unless it is said otherwise. */
  decide(changes: Partial<Decision> = {}): void {
    this.#decisions += 1;
    this.#source.say(decisionAt(this.now, `d${this.#decisions}`, changes));
    this.tell({ kind: "timer" }, this.now);
  }

  /** The account's owner moves money in or, negative, out; USDT. */
  transfer(amount: string): void {
    this.exchange.transfer(amount, this.now);
    this.wire.collect(this.now);
  }

  control(action: "halt" | "resume" | "flatten"): void {
    this.tell({ kind: "control", by: "test", action }, this.now);
  }

  /** What became of SAFE MODE, in order, such as `entered STORE_FAILED`. */
  get safeModes(): readonly string[] {
    return this.outputs.flatMap((output) => (output.kind === "safe-mode" ? [`${output.change} ${output.reason}`] : []));
  }

  tell(event: CoreEvent, at: Micros): void {
    if (this.#isDown) return;
    this.core.handle(event, at);
    this.#dispatch(at);
  }

  /** Time passes, and everything that is due happens. */
  advance(milliseconds: number): void {
    const until = micros(this.now + microsFromMillis(milliseconds));
    let turns = 0;
    for (let due = this.#due(); due <= until; due = this.#due()) {
      const now = micros(Math.max(due, this.now));
      turns = now === this.now ? turns + 1 : 0;
      if (turns > turnsMax) throw new Error(`a deadline at ${due} never moves`);
      this.#step(now);
    }
    this.now = until;
  }

  /** The process stands still for a while, and then everything comes at once. */
  pause(milliseconds: number): void {
    const until = micros(this.now + microsFromMillis(milliseconds));
    this.wire.pause(until);
    this.now = until;
    this.#nextBeat = until;
    this.advance(1);
  }

  /** The private stream breaks off; what is said meanwhile is lost. */
  disconnect(): void {
    this.wire.disconnect(this.now);
  }

  reconnect(): void {
    this.wire.reconnect(this.now);
  }

  /** A person uses the same account; a refusal is theirs to deal with. */
  foreign(method: "POST" | "DELETE", path: string, params: Readonly<Record<string, string>>): void {
    this.exchange.request({ method, path: `/fapi/v1/${path}`, params: { symbol: "BTCUSDT", ...params } }, this.now);
    this.wire.collect(this.now);
  }

  /** kill −9: the daemon is gone, what it had sent still arrives, and nobody hears what the exchange says. */
  kill(): void {
    this.wire.orphan();
    this.#isDown = true;
    this.#killedAt = this.now;
  }

  /**
   * The next run. Intents stand in the journal; of all else what came in the last milliseconds before the kill is lost.
   * The account is read once the private stream lives.
   *
   * @param after.journal what a store says instead, whatever came of it
   */
  restart({ lostMs = 0, journal = null }: { readonly lostMs?: number; readonly journal?: Journal | null } = {}): void {
    const committed = this.#killedAt - microsFromMillis(lostMs);
    this.outputs.forEach((output, index) => {
      const isLost = output.kind !== "intent" && (this.#outputTimes[index] ?? 0) > committed;
      if (isLost) this.#lost.add(output);
    });
    this.core = this.#newCore();
    this.#isDown = false;
    this.tell(journal === null ? journalFrom(this.kept) : { kind: "journal", ...journal }, this.now);
    this.#greet();
    this.quote(this.quoted);
  }

  #newCore(): Core {
    const { instruments } = this.exchange;
    const { settings } = this;
    return new Core({ settings, instruments, sourcesFor: () => [this.#source, ...this.#sources(settings)] });
  }

  #greet(): void {
    const candles = Array.from({ length: 20 }, (_, index) => quietMinute(this.quoted.bid, index));
    this.exchange.loadCandles(symbol, candles);
    this.wire.start(this.now);
    if (this.#adapterWire !== null) return;
    this.tell({ kind: "candle-history", symbol, candles }, this.now);
    this.tell({ kind: "fees", symbol, makerE8: 20_000, takerE8: 50_000 }, this.now);
    this.tell({ kind: "set-up", symbol, ...this.#setUp }, this.now);
    this.tell({ kind: "private-stream", alive: true }, this.now);
  }

  #begin(): void {
    this.quote(this.quoted);
    this.#greet();
    this.traded(this.quoted.bid, 1, "sell");
    this.advance(1_000);
    // On a slow way the account's settings take longer.
    if (!this.core.isRecovered) this.advance(500);
    if (!this.core.isRecovered) throw new Error("the account was not read");
    this.sent();
  }

  #observer(): WireObserver {
    const { sent, arrived, said, told, troubled } = this.#watcher;
    return {
      sent: (command, at) => sent?.(command, at),
      arrived: (command, at) => arrived?.(command, at),
      said: (event, at) => {
        this.truth.take(event);
        said?.(event, at);
      },
      told: (event, at) => told?.(event, at),
      troubled: (fault, name, at) => troubled?.(fault, name, at),
    };
  }

  #due(): number {
    const core = this.#isDown ? Number.POSITIVE_INFINITY : this.core.nextDeadline();
    return Math.min(core, this.wire.nextDue(), this.exchange.nextDeadline(), this.#nextBeat);
  }

  #step(now: Micros): void {
    this.now = now;
    if (this.exchange.nextDeadline() <= now) {
      this.exchange.advance(now);
      this.wire.collect(now);
    }
    this.wire.run(now);
    if (now >= this.#nextBeat) {
      this.#nextBeat = now + beat;
      this.#showTouch();
      this.#afterMarket();
    }
    if (!this.#isDown && this.core.nextDeadline() <= now) this.tell({ kind: "timer" }, now);
  }

  #afterMarket(): void {
    this.wire.collect(this.now);
    this.#dispatch(this.now);
  }

  #dispatch(at: Micros): void {
    while (!this.#isDown && this.core.hasOutputs) {
      for (const output of this.core.takeOutputs()) {
        this.#keep(output, at);
        if (isCommand(output)) this.wire.send(output, at);
      }
    }
  }

  #keep(output: Output, at: Micros): void {
    this.outputs.push(output);
    this.#outputTimes.push(at);
    this.#watcher.output?.(output, at);
  }

  /** The same touch again keeps the data fresh. */
  #showTouch(): void {
    const { bid, ask, bidLots, askLots, mark, age } = this.quoted;
    this.#updateId += 1;
    const time = micros(this.now - age * 1_000);
    const { now } = this;
    for (const sink of this.#sinksOf("touch")) {
      sink.onBookTicker(symbol, this.#updateId, ticks(bid), lots(bidLots), ticks(ask), lots(askLots), time, now);
    }
    for (const sink of this.#sinksOf("mark")) sink.onMark(symbol, priceE8(mark * 1e7), 0.0001, micros(0), now, now);
  }

  #sinksOf(news: "touch" | "depth" | "trades" | "mark"): readonly MarketSink[] {
    return this.silenced.has(news) ? [this.exchange] : [this.exchange, this.core];
  }

  #showBook(): void {
    const { bid, ask, bidLots, askLots } = this.quoted;
    this.#updateId += 1;
    const levels = this.#levels;
    levels.count = 2 * levelsASide;
    levels.firstId = this.#updateId;
    levels.lastId = this.#updateId;
    levels.previousId = this.#updateId - 1;
    for (let depth = 0; depth < levelsASide; depth += 1) {
      levels.side[depth] = bidSide;
      levels.price[depth] = bid - depth;
      levels.size[depth] = depth === 0 ? bidLots : 1_000;
      levels.side[levelsASide + depth] = askSide;
      levels.price[levelsASide + depth] = ask + depth;
      levels.size[levelsASide + depth] = depth === 0 ? askLots : 1_000;
    }
    for (const sink of this.#sinksOf("depth")) sink.onSnapshot(symbol, levels, this.now, this.now);
  }
}

/** What the store would tell the next run. */
function journalFrom(rows: readonly Output[]): { readonly kind: "journal" } & Journal {
  const trades = rows.flatMap((row) => (row.kind === "trade" ? [row.trade] : []));
  const ended = new Set(trades);
  const openTrades = rows.flatMap((intent) => {
    if (intent.kind !== "intent" || ended.has(intent.trade)) return [];
    const fills = rows.flatMap((row) => (row.kind === "fill" && row.trade === intent.trade ? [fillFrom(row)] : []));
    const moves = rows.filter((row) => row.kind === "stop-move").filter(({ trade }) => trade === intent.trade);
    const isClosing = rows.some((row) => row.kind === "order" && row.trade === intent.trade && row.role === "x");
    const tightened = rows.findLast((row) => row.kind === "exits-tightened" && row.trade === intent.trade);
    const { exits, holdUntil } = tightened?.kind === "exits-tightened" ? tightened : intent;
    return [{ intent: { ...intent, exits, holdUntil }, fills, stopLevel: moves.at(-1)?.to ?? null, isClosing }];
  });
  const begun = rows.flatMap((row) => (row.kind === "intent" && row.source === "decision_file" ? [row.trade] : []));
  const safeMode = rows.findLast((row) => row.kind === "safe-mode")?.state;
  const session = rows.findLast((row) => row.kind === "session")?.state ?? null;
  const applied = rows.flatMap((row) => (row.kind === "fill" ? [row.tradeId] : [])).reverse();
  const appliedTradeIds = new Map([[symbol, applied]]);
  const endedTrades = new Map([[symbol, trades.reverse()]]);
  return {
    kind: "journal",
    openTrades,
    appliedTradeIds,
    endedTrades,
    session,
    begun,
    ...(safeMode === undefined ? {} : { safeMode }),
  };
}

function fillFrom({ clientOrderId, side, ...fill }: FillRow): JournalFill {
  return { clientOrderId, side, fill };
}

/** Minutes of 30 USDT from high to low; the one in which a story begins is not seen whole. */
function quietMinute(price: number, index: number) {
  return {
    openTime: micros(start - (21 - index) * microsPerMinute),
    open: ticks(price),
    high: ticks(price + 150),
    low: ticks(price - 150),
    close: ticks(price),
    volume: lots(10),
    takerBuyVolume: lots(5),
  };
}

function merge(base: SettingsChanges, changes: SettingsChanges): SettingsChanges {
  const merged: Record<string, unknown> = { ...base };
  for (const [section, value] of Object.entries(changes)) {
    const own = merged[section];
    merged[section] = isRecord(own) && isRecord(value) ? { ...own, ...value } : value;
  }
  return merged;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
