/**
 * `ccxt` on the same messages, as its users run it: watchBidsAsks or watchOrderBook in a loop.
 * Arguments: REST URL, WebSocket URL, count, `ticker` or `depth`. Prints the microseconds of CPU a message.
 */

import { createRequire } from "node:module";

const ccxt = createRequire(import.meta.url)("ccxt");
const [rest, streams, count, kind] = process.argv.slice(2);
const symbol = "BTC/USDT:USDT";
const wanted = Number(count);
const exchange = new ccxt.pro.binanceusdm({ enableRateLimit: false });
for (const name of Object.keys(exchange.urls.api)) {
  if (name.startsWith("fapi")) {
    exchange.urls.api[name] = exchange.urls.api[name].replace(/^https:\/\/[^/]+/, rest);
  }
}
// Every socket of futures, whatever ccxt calls it; ws-api and spot are not used.
const redirect = (place) => {
  for (const [name, value] of Object.entries(place)) {
    if (typeof value === "string") place[name] = `${streams}/public`;
    else redirect(value);
  }
};
redirect(exchange.urls.api.ws);
await exchange.loadHttpProxyAgent();
await exchange.loadMarkets();

let seen = 0;
let since = null;
const handle = kind === "ticker" ? "handleBidsAsks" : "handleOrderBook";
const own = exchange[handle];
exchange[handle] = function (...options) {
  since ??= process.cpuUsage();
  seen += 1;
  const result = own.apply(this, options);
  if (seen === wanted) finish();
  return result;
};
for (;;) {
  if (kind === "ticker") await exchange.watchBidsAsks([symbol]);
  else await exchange.watchOrderBook(symbol);
}

function finish() {
  const isKept = kind === "ticker" ? exchange.bidsasks[symbol]?.bid > 0 : exchange.orderbooks[symbol]?.nonce > 0;
  if (!isKept) throw new Error("the market was not kept");
  const { user, system } = process.cpuUsage(since);
  process.stdout.write(`${(user + system) / seen}\n`, () => process.exit(0));
}
