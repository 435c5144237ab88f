/** The adapter on real sockets against the embedded exchange on loopback. */

import type { CoreEvent, Outcome } from "../../../src/domain/event.ts";
import type { MarketSink } from "../../../src/domain/market-port.ts";
import { parseOrderId, stopPathTrade } from "../../../src/domain/order-id.ts";
import type { Command, Notice } from "../../../src/domain/output.ts";
import { micros } from "../../../src/domain/units.ts";
import { VenueAdapter } from "../../../src/venue/adapter.ts";
import { paperEndpoints } from "../../../src/venue/live/endpoints.ts";
import { liveTransport } from "../../../src/venue/live/transport.ts";
import type { Signer, Transport, TransportListener } from "../../../src/venue/transport.ts";
import type { TestServer } from "../../exchange/wire/support.ts";
import { testOptions } from "../support.ts";

const deadlineMilliseconds = 10_000;
const clock = (): ReturnType<typeof micros> => micros(Math.round((performance.timeOrigin + performance.now()) * 1_000));

export class Connected {
  readonly events: CoreEvent[] = [];
  readonly notices: Notice[] = [];
  readonly market: string[] = [];
  readonly fatal: string[] = [];
  /** methods that went over the WebSocket API */
  readonly session: unknown[] = [];
  readonly adapter: VenueAdapter;
  readonly #transport: Transport;
  #timer: NodeJS.Timeout | null = null;
  #wake: () => void = () => {};
  #isClosed = false;

  constructor(at: TestServer, signer: Signer, wrap: (listener: TransportListener) => TransportListener = (l) => l) {
    this.adapter = new VenueAdapter({ ...testOptions, symbols: ["BTCUSDT"] }, signer, {
      instruments: () => this.#sink(),
      event: (event) => {
        this.events.push(event);
        this.#wake();
      },
      request: (request) => {
        if (request.kind === "send-stream") this.#noteCall(request.text);
        this.#transport.request(request);
      },
      notice: (notice) => {
        this.notices.push(notice);
        this.#wake();
      },
      fatal: (message) => {
        this.fatal.push(message);
        this.#wake();
      },
    });
    const then = (act: () => void): void => {
      act();
      this.#arm();
      this.#wake();
    };
    this.#transport = liveTransport({
      endpoints: paperEndpoints({ rest: at.server.urls.rest, streams: at.server.urls.streams }),
      apiKey: signer.apiKey,
      clock,
      listener: wrap({
        handle: (event, now) => then(() => this.adapter.handle(event, now)),
        onStreamMessage: (stream, bytes, receivedAt) =>
          then(() => this.adapter.onStreamMessage(stream, bytes, receivedAt)),
      }),
    });
    this.adapter.start(clock());
    this.#arm();
  }

  send(command: Command): void {
    this.adapter.command(command, clock());
    this.#arm();
  }

  /** The first event, seen or to come, that matches. */
  async event<Kind extends CoreEvent["kind"]>(
    kind: Kind,
    matches: (event: Extract<CoreEvent, { kind: Kind }>) => boolean = () => true,
  ): Promise<Extract<CoreEvent, { kind: Kind }>> {
    const isIt = (event: CoreEvent): event is Extract<CoreEvent, { kind: Kind }> =>
      event.kind === kind && matches(event as Extract<CoreEvent, { kind: Kind }>);
    return this.#wait(() => this.events.find(isIt) ?? null, kind);
  }

  async notice(code: string): Promise<Notice> {
    return this.#wait(() => this.notices.find((notice) => notice.code === code) ?? null, code);
  }

  async outcome(command: Command): Promise<Outcome> {
    return (await this.event("outcome", (event) => event.command === command)).outcome;
  }

  async marketCall(text: string): Promise<string> {
    return this.#wait(() => this.market.find((call) => call.startsWith(text)) ?? null, text);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.adapter.stop();
    this.#transport.close();
  }

  async #wait<T>(look: () => T | null, what: string): Promise<T> {
    const timeout = AbortSignal.timeout(deadlineMilliseconds);
    for (;;) {
      const found = look();
      if (found !== null) return found;
      if (timeout.aborted || this.fatal.length > 0) {
        const seen = this.events.map(({ kind }) => kind).join(" ");
        throw new Error(
          `${what} did not come; ${this.fatal.join()} events: ${seen}; market: ${this.market.join(", ")}`,
        );
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timeout.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** But for the stop that proves the stop path, which comes with the start. */
  #noteCall(text: string): void {
    const { method, params } = JSON.parse(text);
    const id = parseOrderId(String(params?.clientAlgoId), testOptions.orderIdPrefix);
    if (id?.trade !== stopPathTrade("BTCUSDT")) this.session.push(method);
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const next = this.adapter.nextDeadline();
    if (next === null || this.#isClosed) return;
    const wait = Math.max(0, Math.ceil((next - clock()) / 1_000));
    this.#timer = setTimeout(() => {
      this.adapter.onTimer(clock());
      this.#arm();
    }, wait);
  }

  #sink(): MarketSink {
    const note = (text: string): void => {
      this.market.push(text);
    };
    return {
      onBookTicker: (symbol, _, bid, bidLots) => note(`ticker ${symbol} ${bid} ${bidLots}`),
      onSnapshot: (symbol, levels) => note(`snapshot ${symbol} ${levels.count}`),
      onDepth: (symbol, levels) => note(`depth ${symbol} ${levels.lastId}`),
      onTrade: (symbol, id, price, quantity) => note(`trade ${symbol} ${id} ${price} ${quantity}`),
      onMark: (symbol, mark) => note(`mark ${symbol} ${mark}`),
      onGap: (symbol) => note(`gap ${symbol}`),
    };
  }
}
