/** Two independent clients of the exchange behind one set of calls, for the contract suite. */

import {
  DerivativesTradingUsdsFuturesWebsocketAPI as Api,
  DerivativesTradingUsdsFutures,
  DerivativesTradingUsdsFuturesRestAPI as Rest,
  DerivativesTradingUsdsFuturesWebsocketStreams as StreamTypes,
} from "@binance/derivatives-trading-usds-futures";
import { USDMClient, WebsocketAPIClient, WebsocketClient } from "binance";
import { type Json, key, type TestServer } from "./support.ts";

// The connector tells each connection to the console otherwise.
process.env["LOG_LEVEL"] ??= "error";

export type Side = "BUY" | "SELL";

export type LimitOrder = {
  readonly side: Side;
  readonly quantity: number;
  readonly price: number;
  readonly timeInForce: "GTC" | "IOC" | "FOK" | "GTX";
  readonly id: string;
};

export type Amendment = Omit<LimitOrder, "timeInForce">;

export type StopOrder = { readonly side: Side; readonly trigger: number; readonly id: string };

/** What a client was told by streams. */
export class Inbox {
  private readonly messages: Json[] = [];
  private wake: () => void = () => {};

  put(message: unknown): void {
    this.messages.push(asJson(message));
    this.wake();
  }

  /** The first message that matches, taken out. */
  async next(matches: (message: Json) => boolean): Promise<Json> {
    const timeout = AbortSignal.timeout(5_000);
    for (;;) {
      const index = this.messages.findIndex(matches);
      const [found] = index < 0 ? [] : this.messages.splice(index, 1);
      if (found !== undefined) return found;
      if (timeout.aborted) throw new Error(`no such message among ${this.messages.map((message) => message["e"])}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        timeout.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  event(kind: string, matches: (message: Json) => boolean = () => true): Promise<Json> {
    return this.next((message) => message["e"] === kind && matches(message));
  }
}

/** Symbol BTCUSDT throughout; replies as the client hands them over. */
export interface VenueClient {
  readonly name: string;
  exchangeInfo(): Promise<Json>;
  depth(limit: number): Promise<Json>;
  aggregateTrades(fromId: number): Promise<readonly Json[]>;
  placeLimit(order: LimitOrder): Promise<Json>;
  placeMarket(side: Side, quantity: number, id: string): Promise<Json>;
  order(id: string): Promise<Json>;
  modify(order: Amendment): Promise<Json>;
  cancel(id: string): Promise<Json>;
  openOrders(): Promise<readonly Json[]>;
  fills(): Promise<readonly Json[]>;
  positions(): Promise<readonly Json[]>;
  /** a stop on the old endpoint, which does not take it any more */
  placeStopOnOldEndpoint(stop: StopOrder): Promise<Json>;
  placeStop(stop: StopOrder): Promise<Json>;
  algo(id: string): Promise<Json>;
  openAlgos(): Promise<readonly Json[]>;
  cancelAlgo(id: string): Promise<Json>;
  /** subscribes to streams of one route */
  watch(route: "public" | "market", streams: readonly string[]): Promise<Inbox>;
  userStream(): Promise<Inbox>;
  readonly socket: {
    placeLimit(order: LimitOrder): Promise<Json>;
    order(id: string): Promise<Json>;
    modify(order: Amendment): Promise<Json>;
    cancel(id: string): Promise<Json>;
    placeStop(stop: StopOrder): Promise<Json>;
    cancelAlgo(id: string): Promise<Json>;
    balance(): Promise<Json>;
  };
  close(): Promise<void>;
}

/** Code and text of a rejection, whatever shape the client gives it. */
export async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return { accepted: await call };
  } catch (error) {
    const fields = asJson(error);
    return typeof fields["error"] === "object" ? asJson(fields["error"])["code"] : fields["code"];
  }
}

const symbol = "BTCUSDT";

/** The official connector. */
export async function connector(at: TestServer): Promise<VenueClient> {
  const account = { apiKey: key.apiKey, apiSecret: key.secret };
  const client = new DerivativesTradingUsdsFutures({
    configurationRestAPI: { ...account, basePath: at.server.urls.rest, timeout: 5_000, retries: 0 },
    configurationWebsocketAPI: { ...account, wsURL: at.server.urls.api },
    configurationWebsocketStreams: { wsURL: at.server.urls.streams },
  });
  const rest = client.restAPI;
  const api = await client.websocketAPI.connect();
  const streams = await client.websocketStreams.connect();
  const body = async (reply: Promise<{ data(): Promise<unknown> }>): Promise<Json> =>
    asJson(await (await reply).data());
  const rows = async (reply: Promise<{ data(): Promise<unknown> }>): Promise<readonly Json[]> =>
    asRows(await (await reply).data());
  const result = async (reply: Promise<{ readonly data: unknown }>): Promise<Json> => asJson((await reply).data);
  const limitOf = ({ side, quantity, price, timeInForce, id }: LimitOrder) => ({
    symbol,
    side: Rest.NewOrderSideEnum[side],
    type: Rest.NewOrderTypeEnum.LIMIT,
    timeInForce: Rest.NewOrderTimeInForceEnum[timeInForce],
    quantity,
    price,
    newClientOrderId: id,
  });
  const stopOf = ({ side, trigger, id }: StopOrder) => ({
    algoType: Rest.NewAlgoOrderAlgoTypeEnum.CONDITIONAL,
    symbol,
    side: Rest.NewAlgoOrderSideEnum[side],
    type: Rest.NewAlgoOrderTypeEnum.STOP_MARKET,
    triggerPrice: trigger,
    closePosition: Rest.NewAlgoOrderClosePositionEnum.TRUE,
    clientAlgoId: id,
  });
  return {
    name: "@binance/derivatives-trading-usds-futures",
    exchangeInfo: () => body(rest.exchangeInformation()),
    depth: (limit) => body(rest.orderBook({ symbol, limit })),
    aggregateTrades: (fromId) => rows(rest.compressedAggregateTradesList({ symbol, fromId })),
    placeLimit: (order) => body(rest.newOrder(limitOf(order))),
    placeMarket: (side, quantity, id) =>
      body(
        rest.newOrder({
          symbol,
          side: Rest.NewOrderSideEnum[side],
          type: Rest.NewOrderTypeEnum.MARKET,
          quantity,
          newClientOrderId: id,
        }),
      ),
    order: (id) => body(rest.queryOrder({ symbol, origClientOrderId: id })),
    modify: ({ id, side, quantity, price }) =>
      body(
        rest.modifyOrder({
          symbol,
          side: Rest.ModifyOrderSideEnum[side],
          quantity,
          price,
          origClientOrderId: id,
        }),
      ),
    cancel: (id) => body(rest.cancelOrder({ symbol, origClientOrderId: id })),
    openOrders: () => rows(rest.currentAllOpenOrders({ symbol })),
    fills: () => rows(rest.accountTradeList({ symbol })),
    positions: () => rows(rest.positionInformationV3({ symbol })),
    placeStopOnOldEndpoint: ({ side, id }) =>
      body(
        rest.newOrder({
          symbol,
          side: Rest.NewOrderSideEnum[side],
          type: Rest.NewOrderTypeEnum.STOP_MARKET,
          quantity: 0.01,
          newClientOrderId: id,
        }),
      ),
    placeStop: (stop) => body(rest.newAlgoOrder(stopOf(stop))),
    algo: (id) => body(rest.queryAlgoOrder({ clientAlgoId: id })),
    openAlgos: () => rows(rest.currentAllAlgoOpenOrders({ symbol })),
    cancelAlgo: (id) => body(rest.cancelAlgoOrder({ clientAlgoId: id })),
    watch: async (route, names) => {
      const inbox = new Inbox();
      const probe = new Inbox();
      for (const name of names) {
        const stream = connectorStream(streams, route, name);
        stream.on("message", (message: unknown) => inbox.put(message));
      }
      streams.on("message", (text: unknown) => probe.put(JSON.parse(String(text))));
      // Without an acknowledgement the test could make market data before anybody listens.
      for (const _ of names) await probe.next((message) => "result" in message);
      return inbox;
    },
    userStream: async () => {
      const inbox = new Inbox();
      const probe = new Inbox();
      const { listenKey } = await body(rest.startUserDataStream());
      streams.on("message", (text: unknown) => probe.put(JSON.parse(String(text))));
      streams.userData(String(listenKey)).on("message", (message: unknown) => inbox.put(message));
      await probe.next((message) => "result" in message);
      return inbox;
    },
    socket: {
      placeLimit: ({ side, quantity, price, timeInForce, id }) =>
        result(
          api.newOrder({
            symbol,
            side: Api.NewOrderSideEnum[side],
            type: Api.NewOrderTypeEnum.LIMIT,
            timeInForce: Api.NewOrderTimeInForceEnum[timeInForce],
            quantity,
            price,
            newClientOrderId: id,
          }),
        ),
      order: (id) => result(api.queryOrder({ symbol, origClientOrderId: id })),
      modify: ({ id, side, quantity, price }) =>
        result(
          api.modifyOrder({
            symbol,
            side: Api.ModifyOrderSideEnum[side],
            quantity,
            price,
            origClientOrderId: id,
          }),
        ),
      cancel: (id) => result(api.cancelOrder({ symbol, origClientOrderId: id })),
      placeStop: ({ side, trigger, id }) =>
        result(
          api.newAlgoOrder({
            algoType: Api.NewAlgoOrderAlgoTypeEnum.CONDITIONAL,
            symbol,
            side: Api.NewAlgoOrderSideEnum[side],
            type: Api.NewAlgoOrderTypeEnum.STOP_MARKET,
            triggerPrice: trigger,
            closePosition: Api.NewAlgoOrderClosePositionEnum.TRUE,
            clientAlgoId: id,
          }),
        ),
      cancelAlgo: (id) => result(api.cancelAlgoOrder({ clientAlgoId: id })),
      balance: async () => asRows((await api.futuresAccountBalanceV2()).data)[0] ?? {},
    },
    close: async () => {
      await Promise.all([api.disconnect(), streams.disconnect()]);
    },
  };
}

type Streams = Awaited<ReturnType<DerivativesTradingUsdsFutures["websocketStreams"]["connect"]>>;

function connectorStream(
  streams: Streams,
  route: "public" | "market",
  name: string,
): { on(event: "message", act: (message: unknown) => void): void } {
  const [lower = "", kind = ""] = name.split("@");
  if (route === "market") {
    if (kind === "aggTrade") return streams.aggregateTradeStreams({ symbol: lower });
    if (kind === "kline_1m")
      return streams.klineCandlestickStreams({
        symbol: lower,
        interval: StreamTypes.KlineCandlestickStreamsIntervalEnum.INTERVAL_1m,
      });
    return streams.markPriceStream({
      symbol: lower,
      updateSpeed: StreamTypes.MarkPriceStreamUpdateSpeedEnum.UPDATE_SPEED_1s,
    });
  }
  if (kind === "bookTicker") return streams.individualSymbolBookTickerStreams({ symbol: lower });
  if (kind === "depth")
    return streams.diffBookDepthStreams({
      symbol: lower,
      updateSpeed: StreamTypes.DiffBookDepthStreamsUpdateSpeedEnum.UPDATE_SPEED_100ms,
    });
  throw new Error(`no method for the stream ${name}`);
}

const silent = { trace: () => {}, info: () => {}, error: () => {} };

/** The `binance` SDK, pointed at loopback on each of its channels. @see binance-usdm.md §1.4 */
export async function sdk(at: TestServer): Promise<VenueClient> {
  const account = { api_key: key.apiKey, api_secret: key.secret };
  const restOptions = {
    ...account,
    baseUrl: at.server.urls.rest,
    filterUndefinedParams: true,
    beautifyResponses: false,
  };
  const rest = new USDMClient(restOptions, { timeout: 5_000 });
  const wsUrl = at.server.urls.streams;
  const streams = new WebsocketClient({ ...account, wsUrl, restOptions: { baseUrl: at.server.urls.rest } }, silent);
  const api = new WebsocketAPIClient({ ...account, wsUrl, attachEventListeners: false }, silent);
  const inboxes: Inbox[] = [];
  const probe = new Inbox();
  streams.on("message", (message) => {
    for (const inbox of inboxes) inbox.put(message);
  });
  streams.on("response", (message) => probe.put(message));
  streams.on("exception", () => {});
  const opened = (): Inbox => {
    const inbox = new Inbox();
    inboxes.push(inbox);
    return inbox;
  };
  const json = async (reply: Promise<unknown>): Promise<Json> => asJson(await reply);
  const list = async (reply: Promise<unknown>): Promise<readonly Json[]> => asRows(await reply);
  const result = async (reply: Promise<{ readonly result: unknown }>): Promise<Json> => asJson((await reply).result);
  const limitOf = ({ side, quantity, price, timeInForce, id }: LimitOrder) =>
    ({ symbol, side, type: "LIMIT", timeInForce, quantity, price, newClientOrderId: id }) as const;
  const stopOf = ({ side, trigger, id }: StopOrder) =>
    ({
      algoType: "CONDITIONAL",
      symbol,
      side,
      type: "STOP_MARKET",
      triggerPrice: trigger,
      closePosition: "true",
      clientAlgoId: id,
    }) as const;
  return {
    name: "binance",
    exchangeInfo: () => json(rest.getExchangeInfo()),
    depth: (limit) => json(rest.getOrderBook({ symbol, limit: limit === 1_000 ? 1_000 : 5 })),
    aggregateTrades: (fromId) => list(rest.getAggregateTrades({ symbol, fromId })),
    placeLimit: (order) => json(rest.submitNewOrder(limitOf(order))),
    placeMarket: (side, quantity, id) =>
      json(rest.submitNewOrder({ symbol, side, type: "MARKET", quantity, newClientOrderId: id })),
    order: (id) => json(rest.getOrder({ symbol, origClientOrderId: id })),
    modify: ({ id, side, quantity, price }) =>
      json(rest.modifyOrder({ symbol, side, quantity, price, origClientOrderId: id })),
    cancel: (id) => json(rest.cancelOrder({ symbol, origClientOrderId: id })),
    openOrders: () => list(rest.getAllOpenOrders({ symbol })),
    fills: () => list(rest.getAccountTrades({ symbol })),
    positions: () => list(rest.getPositionsV3({ symbol })),
    placeStopOnOldEndpoint: ({ side, trigger, id }) =>
      json(
        rest.submitNewOrder({
          symbol,
          side,
          type: "STOP_MARKET",
          stopPrice: trigger,
          closePosition: "true",
          newClientOrderId: id,
        }),
      ),
    placeStop: (stop) => json(rest.submitNewAlgoOrder(stopOf(stop))),
    algo: (id) => json(rest.getAlgoOrder({ clientAlgoId: id })),
    openAlgos: () => list(rest.getOpenAlgoOrders({ symbol })),
    cancelAlgo: (id) => json(rest.cancelAlgoOrder({ clientAlgoId: id })),
    watch: async (route, names) => {
      const inbox = opened();
      // Its promise resolves before the acknowledgement is there.
      await streams.subscribe([...names], route === "public" ? "usdmPublic" : "usdmMarket");
      await probe.next((message) => "result" in message);
      return inbox;
    },
    userStream: async () => {
      const inbox = opened();
      const ready = new Promise<void>((resolve) => {
        streams.on("open", ({ wsKey }) => {
          if (wsKey.startsWith("usdm_userData")) resolve();
        });
      });
      await streams.subscribeUsdFuturesUserDataStream();
      await ready;
      return inbox;
    },
    socket: {
      placeLimit: (order) => result(api.submitNewFuturesOrder("usdm", { ...limitOf(order), timestamp: Date.now() })),
      order: (id) =>
        result(api.getFuturesOrderStatus("usdm", { symbol, origClientOrderId: id, timestamp: Date.now() })),
      modify: ({ id, side, quantity, price }) =>
        result(
          api.modifyFuturesOrder("usdm", {
            symbol,
            side,
            quantity,
            price,
            origClientOrderId: id,
            timestamp: Date.now(),
          }),
        ),
      cancel: (id) => result(api.cancelFuturesOrder("usdm", { symbol, origClientOrderId: id, timestamp: Date.now() })),
      placeStop: (stop) => result(api.submitNewFuturesAlgoOrder({ ...stopOf(stop), timestamp: Date.now() })),
      cancelAlgo: (id) => {
        // The SDK's type spells the parameter in a way that the protocol does not know.
        const params = { clientAlgoId: id, timestamp: Date.now() };
        return result(api.cancelFuturesAlgoOrder(params));
      },
      balance: async () => asRows((await api.getFuturesAccountBalanceV2({ timestamp: Date.now() })).result)[0] ?? {},
    },
    close: async () => {
      await Promise.all([streams.closeAll(true), api.disconnectAll()]);
    },
  };
}

function asJson(value: unknown): Json {
  if (typeof value !== "object" || value === null) return { value };
  // Errors keep their text where spreading does not reach.
  return value instanceof Error ? { ...value, message: value.message } : { ...value };
}

function asRows(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(asJson) : [];
}
