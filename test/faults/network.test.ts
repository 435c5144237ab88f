import { expect, test } from "vitest";
import { micros } from "../../src/domain/units.ts";
import { settingsOf } from "../../src/faults/settings.ts";
import { World, type WorldObserver } from "../../src/faults/world.ts";

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
