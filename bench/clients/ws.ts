/** The usual way of a book ticker: `ws`, JSON.parse, Number. Arguments: WebSocket URL, count. Prints as feed.ts does. */

import { WebSocket } from "ws";
import { CpuMeter } from "../lib/cpu.ts";

const [streams = "", count = "0"] = process.argv.slice(2);
const meter = new CpuMeter(Number(count));
const touch = { bid: 0, bidSize: 0, ask: 0, askSize: 0, time: 0 };
const socket = new WebSocket(`${streams}/public/stream`, { perMessageDeflate: false });
socket.on("message", (data) => {
  const { data: ticker } = JSON.parse(String(data));
  touch.bid = Number(ticker.b);
  touch.bidSize = Number(ticker.B);
  touch.ask = Number(ticker.a);
  touch.askSize = Number(ticker.A);
  touch.time = ticker.T;
  if (!meter.count()) return;
  if (!(touch.bid < touch.ask)) throw new Error("the touch is crossed");
  process.stdout.write(`${meter.microsPerMessage()}\n`, () => process.exit(0));
});
