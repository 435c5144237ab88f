/**
 * Our way of a market message: the live transport's socket, the adapter's scanner and book check, the core's book and
 * features; with `sources` both built-in sources too. Arguments: WebSocket URL, count, `features` or `sources`.
 * Prints the microseconds of CPU a message.
 */

import { tmpdir } from "node:os";
import { Settings } from "../../src/config/schema.ts";
import { createSources } from "../../src/decision/sources.ts";
import { assert, present } from "../../src/domain/assert.ts";
import { micros } from "../../src/domain/units.ts";
import { liveTransport } from "../../src/venue/live/transport.ts";
import { CpuMeter } from "../lib/cpu.ts";
import { feedStart, symbol } from "../lib/frames.ts";
import { Rig } from "../lib/rig.ts";
import { apiKey, hmacSigner } from "../lib/settings.ts";

const [streams = "", count = "0", what] = process.argv.slice(2);
// The demo source would trade; what it says while it does not is a timer's matter.
const settings = Settings.parse({
  symbols: [symbol],
  decision: { demo: { enabled: false } },
  store: { directory: tmpdir() },
});
const rig = await Rig.start(
  settings,
  hmacSigner(),
  ({ symbol }, features) => (what === "sources" ? createSources(settings.decision, symbol, features) : []),
  feedStart,
);
const stream = rig.stream("public");
const origin = (feedStart + 4) * 1_000 - performance.now() * 1_000;
const meter = new CpuMeter(Number(count));
const transport = liveTransport({
  endpoints: { rest: "http://127.0.0.1:1", streams, wsApi: streams, sapi: null },
  apiKey,
  clock: () => micros(Math.round(origin + performance.now() * 1_000)),
  listener: {
    handle: () => {},
    onStreamMessage: (_, bytes, receivedAt) => {
      rig.onFrame(stream, bytes, receivedAt);
      if (meter.count()) finish();
    },
  },
});
transport.request({ kind: "open-stream", stream: 1, name: "public", path: "/public/stream" });

function finish(): void {
  const { market } = present(rig.core.desks[0], "desk");
  assert(market.bid > 0 && market.book.bestBid > 0, "the market was not kept");
  process.stdout.write(`${meter.microsPerMessage()}\n`, () => process.exit(0));
}
