import { expect, test } from "vitest";
import { micros } from "../../src/domain/units.ts";
import type { Call } from "../../src/faults/call.ts";
import { settingsOf } from "../../src/faults/settings.ts";
import { World, type WorldObserver } from "../../src/faults/world.ts";
import type { TransportListener, TransportRequest } from "../../src/venue/transport.ts";

const nothing = (): void => undefined;
const observer: WorldObserver = {
  onSent: nothing,
  onArrived: nothing,
  onAnswered: nothing,
  onReply: nothing,
  onTold: nothing,
  onTruth: nothing,
  onOther: nothing,
  onRow: nothing,
  onMarket: nothing,
  onBook: nothing,
  onAlert: nothing,
  onControl: nothing,
  onNotice: nothing,
  onStart: nothing,
  onStoreFailed: nothing,
  onEnd: nothing,
  onBroken: nothing,
  onTurn: nothing,
  onStep: nothing,
};

test("a stream that has ended is sent nothing more: a run does not grow slower with each connection", () => {
  const effects = { requestEffect: () => null, messageEffect: () => null };
  const world = new World({ seed: 7, settings: settingsOf(7), isMarketSteady: false, tapes: null, effects, observer });
  world.run(world.start + 1_000_000);
  let heard = 0;
  const onStreamMessage = (): void => {
    heard += 1;
  };
  const port = world.network.port({ handle: nothing, onStreamMessage }, () => micros(world.now));
  port.request({ kind: "open-stream", stream: 1, name: "public", path: "/public/ws/btcusdt@bookTicker" });
  world.run(world.now + 2_000_000);
  port.request({ kind: "close-stream", stream: 1 });
  const onTheWay = world.queue.next;
  if (Number.isFinite(onTheWay)) world.run(onTheWay);
  let waiting = 0;
  for (let moment = 0; moment < 500; moment += 1) {
    world.run(world.now + 10_000);
    if (Number.isFinite(world.queue.next)) waiting += 1;
  }
  expect({ heard: heard > 0, waiting }).toEqual({ heard: true, waiting: 0 });
});

const id = 4_711;
const http = { kind: "http", id, host: "fapi", method: "GET", query: "", keyed: false } as const;
const requests = {
  rest: { taken: { ...http, path: "/fapi/v1/ping" }, refused: { ...http, path: "/fapi/v1/nothing" } },
  "ws-api": { taken: onSocket("session.status"), refused: onSocket("nothing") },
} as const satisfies Record<string, Record<string, TransportRequest>>;

function onSocket(method: string): TransportRequest {
  return { kind: "send-stream", stream: 1, text: JSON.stringify({ id, method, params: {} }) };
}

/**
 * How often a request that is repeated a second later comes to the exchange.
 *
 * @param from,until of an outage, microseconds since it was sent
 */
function arrivals(request: TransportRequest, from: number, until: number): number {
  let arrived = 0;
  const isIt = (call: Call): boolean => call.id === id;
  const world = new World({
    seed: 7,
    settings: settingsOf(7),
    isMarketSteady: false,
    tapes: null,
    effects: {
      requestEffect: (call) => (isIt(call) ? { do: "repeat-request", after: 1_000_000 } : null),
      messageEffect: () => null,
    },
    observer: {
      ...observer,
      onArrived: (call) => {
        if (isIt(call)) arrived += 1;
      },
    },
  });
  world.run(world.start + 1_000_000);
  const port = world.network.port({ handle: nothing, onStreamMessage: nothing }, () => micros(world.now));
  port.request({ kind: "open-stream", stream: 1, name: "ws-api", path: "/ws-fapi/v1" });
  world.run(world.now + 1_000_000);
  const sent = world.now;
  port.request(request);
  world.run(sent + from);
  world.network.outage = { answer: "503 unavailable", refuses: true, until: sent + until };
  world.run(sent + 4_000_000);
  return arrived;
}

const vias = ["rest", "ws-api"] as const;

test.each(vias)("[F-28] by %s a repeated request arrives twice", (via) => {
  expect(arrivals(requests[via].taken, 0, 0)).toBe(2);
});

test.each(vias)("[I-05] by %s a request that the exchange has refused arrives once, however it is repeated", (via) => {
  expect(arrivals(requests[via].refused, 0, 0)).toBe(1);
});

test.each(vias)("[I-05] by %s what failed for certain in an outage does not arrive later, in it or after it", (via) => {
  const { taken } = requests[via];
  expect([arrivals(taken, 0, 3_000_000), arrivals(taken, 0, 500_000)]).toEqual([0, 0]);
});

test.each(vias)("[F-28] by %s the repetition meets an outage as every request does", (via) => {
  expect(arrivals(requests[via].taken, 500_000, 3_000_000)).toBe(1);
});

/** When the first request left that nobody answers, seconds since the connection was hit; and after it was opened anew. */
function unheard(hit: "half-open" | "stall" | "nothing"): readonly (number | null)[] {
  const effects = { requestEffect: () => null, messageEffect: () => null };
  const world = new World({ seed: 7, settings: settingsOf(7), isMarketSteady: false, tapes: null, effects, observer });
  world.run(world.start + 1_000_000);
  const port = world.network.port({ handle: nothing, onStreamMessage: nothing }, () => micros(world.now));
  port.request({ kind: "open-stream", stream: 1, name: "ws-api", path: "/ws-fapi/v1" });
  world.run(world.now + 1_000_000);
  const { now } = world;
  if (hit === "half-open") port.halfOpen("ws-api");
  if (hit === "stall") world.network.stalls.set("ws-api", now + 60_000_000);
  const seen: (number | null)[] = [port.unheardSince("ws-api")];
  for (let second = 1; second <= 2; second += 1) {
    world.run(now + second * 1_000_000);
    port.request(requests["ws-api"].taken);
    const since = port.unheardSince("ws-api");
    seen.push(since === null ? null : (since - now) / 1_000_000);
  }
  port.request({ kind: "close-stream", stream: 1 });
  return [...seen, port.unheardSince("ws-api")];
}

test.each<readonly ["half-open" | "stall" | "nothing", readonly (number | null)[]]>([
  ["half-open", [null, 1, 1, null]],
  ["stall", [null, 1, 1, null]],
  ["nothing", [null, null, null, null]],
])(
  "[I-01] a connection that is hit by %s excuses from its first silent request on, and by no later one",
  (hit, seen) => {
    expect(unheard(hit)).toEqual(seen);
  },
);

test("[F-18] a 429 of the plan names how long silence lasts, as a header", () => {
  // given
  const effects = { requestEffect: () => ({ do: "answer", answer: "-1003", executed: false }) as const };
  const replies: (number | null)[] = [];
  const world = new World({
    seed: 7,
    settings: settingsOf(7),
    isMarketSteady: false,
    tapes: null,
    effects: { ...effects, messageEffect: () => null },
    observer: { ...observer, onReply: (_call, _status, _text, retryAfter) => replies.push(retryAfter) },
  });
  world.run(world.start + 1_000_000);
  const heard: (number | null)[] = [];
  const handle: TransportListener["handle"] = (event) => {
    if (event.kind === "http-reply") heard.push(event.status, event.headers.retryAfterSeconds);
  };
  const port = world.network.port({ handle, onStreamMessage: nothing }, () => micros(world.now));
  // when
  port.request(requests.rest.taken);
  world.run(world.now + 1_000_000);
  // then
  expect({ heard, replies }).toEqual({ heard: [429, 30], replies: [30] });
});
