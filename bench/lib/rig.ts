/**
 * The daemon's turn without sockets and without the database's thread: adapter, core, log lines and the intent log, in
 * the order in which the daemon does them. Start-up is scripted; market frames and order texts are the real ones.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../../src/config/schema.ts";
import type { DecisionSource } from "../../src/decision/source.ts";
import { assert, present } from "../../src/domain/assert.ts";
import type { Instrument } from "../../src/domain/instrument.ts";
import { isCommand, type Notice, type Output, type Row } from "../../src/domain/output.ts";
import { type Micros, micros } from "../../src/domain/units.ts";
import { Core } from "../../src/engine/core.ts";
import { accountWishes } from "../../src/host/account-wishes.ts";
import type { Features } from "../../src/market/features.ts";
import { type Log, openLog } from "../../src/ops/log.ts";
import { IntentLog } from "../../src/store/intent-log.ts";
import { VenueAdapter } from "../../src/venue/adapter.ts";
import { noHeaders, type Signer, type StreamName, type TransportRequest } from "../../src/venue/transport.ts";
import { depthFrame, markFrame, type Step, symbol, tickerFrame, tradeFrame } from "./frames.ts";
import { algoCancelled, algoResult, fillFrame, orderResult } from "./user-frames.ts";
import { BenchVenue, rateLimits, refusal } from "./venue.ts";

export type Sources = (instrument: Instrument, features: Features) => readonly DecisionSource[];

export class Rig {
  readonly adapter: VenueAdapter;
  readonly #directory = mkdtempSync(join(tmpdir(), "scalpd-bench-"));
  readonly #settings: Settings;
  readonly #venue = new BenchVenue();
  readonly #streams = new Map<StreamName, number>();
  readonly #waiting: TransportRequest[] = [];
  readonly #log: Log;
  readonly #wire = Buffer.alloc(4_096);
  #core: Core | null = null;
  #intents: IntentLog | null = null;
  #rows: Row[] = [];
  readonly #notices: Notice[] = [];
  #depthId = 0;
  /** bytes of the last order that left, and its text; 0 while none did */
  orderBytes = 0;
  orderText = "";
  /** when its bytes were there, nanoseconds of the monotonic clock */
  orderAt = 0n;
  /** bytes of the first stop since the last order that left, and when they were there; 0 while none did */
  stopBytes = 0;
  stopAt = 0n;
  #stopText = "";
  /** an order was taken, and no stop has left since: what proves the stop path at the start is none of these */
  #awaitsStop = false;
  /** log lines written so far */
  lines = 0;

  private constructor(settings: Settings, signer: Signer, sources: Sources) {
    this.#settings = settings;
    this.#log = openLog({
      level: settings.log.level,
      readable: false,
      write: () => {
        this.lines += 1;
      },
    });
    this.adapter = new VenueAdapter(
      {
        symbols: [symbol],
        recvWindowMs: settings.venue.recv_window_ms,
        replyTimeoutMs: settings.venue.reply_timeout_ms,
        firstMessageMs: settings.venue.first_message_ms,
        protectionShare: settings.venue.protection_weight_share,
        ...accountWishes(settings),
        keyPermissions: "absent",
        deadMansSwitch: null,
        ownerWaitMs: 0,
        candles: 600,
        seed: 1,
      },
      signer,
      {
        instruments: (instruments) => {
          this.#core = new Core({ settings, instruments, sourcesFor: sources });
          return this.#core;
        },
        event: (event, now) => this.core.handle(event, now),
        request: (request) => this.#request(request),
        notice: (notice) => this.#log.notice(notice, symbol),
        fatal: (message) => assert(false, message),
      },
    );
  }

  /** Starts up, log-on included, and brings the market to where entries may leave. */
  static async start(settings: Settings, signer: Signer, sources: Sources, millis: number): Promise<Rig> {
    const rig = new Rig(settings, signer, sources);
    rig.#intents = await IntentLog.open(rig.#directory, [{ symbol, tickSize: "0.10", stepSize: "0.001" }]);
    const now = micros(millis * 1_000);
    rig.adapter.start(now);
    rig.#pump(now);
    // Before the second depth message the snapshot must have been asked for, and answered.
    for (let step = 1; step <= 3; step += 1) rig.refresh({ millis: millis + step, serial: step, up: false });
    return rig;
  }

  get core(): Core {
    return present(this.#core, "core");
  }

  /** What comes besides book tickers, and keeps the market fresh. */
  refresh(step: Step): void {
    this.market("public", tickerFrame(step), step.millis);
    this.market("public", depthFrame(step, this.#depthId || step.millis * 1_000 - 1), step.millis);
    this.#depthId = step.millis * 1_000;
    this.market("market", tradeFrame(step), step.millis);
    this.market("market", markFrame(step), step.millis);
    this.refuse(step.millis);
  }

  market(name: StreamName, frame: string, millis: number): void {
    this.onFrame(this.stream(name), Buffer.from(frame), micros(millis * 1_000));
    this.#pump(micros(millis * 1_000));
  }

  stream(name: StreamName): number {
    return present(this.#streams.get(name), name);
  }

  /** Hot: what the daemon does with a message. */
  onFrame(stream: number, bytes: Uint8Array, now: Micros): void {
    this.adapter.onStreamMessage(stream, bytes, now);
    this.#afterTurn(now);
  }

  /** Ends the trade of the order that left, if one did. */
  refuse(millis: number): void {
    if (this.orderBytes === 0) return;
    const { id } = JSON.parse(this.orderText);
    this.orderBytes = 0;
    const reply = JSON.stringify({ id, status: 400, error: refusal, rateLimits });
    this.market("ws-api", reply, millis);
    assert(
      this.core.desks.every(({ manager }) => manager.trade === null),
      "the refused entry is still under way",
    );
  }

  /** What the last order that left asks for. */
  orderSeen(): {
    readonly clientOrderId: string;
    readonly side: string;
    readonly quantity: string;
    readonly price: string;
  } {
    const { newClientOrderId, side, quantity, price } = requestOf(this.orderText).params;
    return { clientOrderId: `${newClientOrderId}`, side: `${side}`, quantity: `${quantity}`, price: `${price}` };
  }

  /** The exchange takes the order that left; from now on stops are waited for. */
  accept(millis: number): void {
    const text = this.orderText;
    this.orderBytes = 0;
    this.stopBytes = 0;
    this.#awaitsStop = true;
    this.#reply(text, millis);
  }

  /** The stop that left is taken, and fills: the position is closed. */
  stopOut(millis: number): void {
    const { side, quantity, price } = this.orderSeen();
    const { params } = requestOf(this.#stopText);
    this.#reply(this.#stopText, millis);
    const exit = side === "BUY" ? "SELL" : "BUY";
    const clientOrderId = `${params["clientAlgoId"]}`;
    const order = { clientOrderId, side: exit, quantity, price, millis, serial: millis, reduceOnly: true };
    this.market("private", fillFrame({ ...order, serial: 2 * millis }), millis);
    assert(
      this.core.desks.every(({ manager }) => manager.trade === null),
      "the stopped trade is still under way",
    );
  }

  #reply(text: string, millis: number): void {
    this.market("ws-api", replyTo(requestOf(text), millis), millis);
  }

  async close(): Promise<void> {
    await this.#intents?.close(0);
    rmSync(this.#directory, { recursive: true });
  }

  #afterTurn(now: Micros): void {
    const core = this.core;
    while (core.hasOutputs) this.#dispatch(core.takeOutputs(), now);
    if (this.#rows.length > 0) this.#rows = [];
    for (const notice of this.#notices.splice(0)) this.#log.notice(notice, symbol);
    if (core.nextDeadline() <= now) core.handle({ kind: "timer" }, now);
  }

  #dispatch(outputs: readonly Output[], now: Micros): void {
    for (const output of outputs) {
      if (isCommand(output)) this.adapter.command(output, now);
      else if (output.kind === "intent") this.#intents?.append(output);
      else if (output.kind === "notice") this.#notices.push(output);
      else if (output.kind === "safe-mode") assert(false, `safe mode: ${output.reason} ${output.detail}`);
      else if (output.kind === "resync-book") this.adapter.resyncBook(output.symbol, now);
      else if (output.kind !== "model-input") this.#rows.push(output);
    }
  }

  /** Orders are turned into bytes at once, as a socket would; everything else is answered between the turns. */
  #request(request: TransportRequest): void {
    if (request.kind === "send-stream") {
      const bytes = this.#wire.write(request.text, 0, "latin1");
      const at = process.hrtime.bigint();
      if (request.text.includes('"order.place"')) {
        this.orderBytes = bytes;
        this.orderAt = at;
        this.orderText = request.text;
        return;
      }
      if (this.#awaitsStop && request.text.includes('"STOP_MARKET"')) {
        this.stopBytes = bytes;
        this.stopAt = at;
        this.#stopText = request.text;
        this.#awaitsStop = false;
        return;
      }
    }
    this.#waiting.push(request);
  }

  #pump(now: Micros): void {
    for (let request = this.#waiting.shift(); request !== undefined; request = this.#waiting.shift()) {
      this.#serve(request, now);
      if (this.#core !== null) this.#afterTurn(now);
    }
  }

  #serve(request: TransportRequest, now: Micros): void {
    switch (request.kind) {
      case "open-stream":
        this.#streams.set(request.name, request.stream);
        return this.adapter.handle({ kind: "stream-open", stream: request.stream }, now);
      case "close-stream":
        return assert(false, "a stream was given up");
      case "give-up-http":
        return assert(false, "a request was given up");
      case "send-stream": {
        const reply = replyTo(requestOf(request.text), Math.floor(now / 1_000));
        return this.adapter.onStreamMessage(request.stream, Buffer.from(reply), now);
      }
      case "http": {
        const params = Object.fromEntries(new URLSearchParams(request.query));
        const { status, body } = this.#venue.answer(request.method, request.path, params, Math.floor(now / 1_000));
        const { id } = request;
        return this.adapter.handle(
          { kind: "http-reply", id, status, headers: noHeaders, body: Buffer.from(body) },
          now,
        );
      }
      default:
        throw new TypeError(`unhandled request ${request satisfies never}`);
    }
  }

  get settings(): Settings {
    return this.#settings;
  }
}

type ApiRequest = {
  readonly id: number | string;
  readonly method: string;
  readonly params: Readonly<Record<string, string | number>>;
};

function requestOf(text: string): ApiRequest {
  return JSON.parse(text);
}

/** The reply of an exchange that does whatever it is asked. */
function replyTo({ id, method, params }: ApiRequest, millis: number): string {
  return `{"id":${JSON.stringify(id)},"status":200,"result":${resultOf(method, params, millis)}}`;
}

function resultOf(method: string, params: ApiRequest["params"], millis: number): string {
  switch (method) {
    case "order.place":
      return orderResult(params, millis);
    case "algoOrder.place":
      return algoResult(params, millis);
    case "algoOrder.cancel":
      return algoCancelled(params);
    default:
      return "{}";
  }
}
