/**
 * The `binance` SDK as its users run it: its WebSocket client for the book ticker, and an order for each one through its
 * REST client or its WebSocket API client. Arguments: REST URL, WebSocket URL, `rest` or `ws-api`.
 */

import { Agent } from "node:http";
import { USDMClient, WebsocketAPIClient, WebsocketClient } from "binance";
import { apiKey, apiSecret } from "../lib/settings.ts";

const [rest = "", streams = "", way] = process.argv.slice(2);
const silent = { trace: ignore, info: ignore, error: ignore };
const keys = { api_key: apiKey, api_secret: apiSecret };
const submit = way === "rest" ? byRest() : bySession();

const market = new WebsocketClient({ wsUrl: `${streams}/public`, beautify: false }, silent);
market.on("message", (message) => {
  if ("b" in message && "a" in message)
    submit(Number(message.b) < Number(message.a) ? "BUY" : "SELL", String(message.b));
  else if ("data" in message) {
    const { b: bid, a: ask } = message.data as { b?: unknown; a?: unknown };
    if (typeof bid === "string") submit(Number(bid) < Number(ask) ? "BUY" : "SELL", bid);
  }
});
market.on("exception", ignore);
void market.subscribe("btcusdt@bookTicker", "usdmPublic");

type Submit = (side: "BUY" | "SELL", price: string) => void;

function byRest(): Submit {
  // Its own keep-alive option is for https only.
  const client = new USDMClient(
    { ...keys, baseUrl: rest, disableTimeSync: true, beautifyResponses: false },
    { httpAgent: new Agent({ keepAlive: true }) },
  );
  return (side, price) => {
    client
      .submitNewOrder({
        symbol: "BTCUSDT",
        side,
        type: "LIMIT",
        timeInForce: "GTC",
        price: Number(price),
        quantity: 0.015,
      })
      .catch(ignore);
  };
}

function bySession(): Submit {
  const client = new WebsocketAPIClient(
    { ...keys, wsUrl: `${streams}/ws-fapi/v1`, attachEventListeners: false, muteLatencyWarning: true },
    silent,
  );
  return (side, price) => {
    client
      .submitNewFuturesOrder("usdm", {
        symbol: "BTCUSDT",
        side,
        type: "LIMIT",
        timeInForce: "GTC",
        price,
        quantity: "0.015",
        timestamp: Date.now(),
      })
      .catch(ignore);
  };
}

function ignore(): void {
  // Logs and refusals are not what is measured.
}
