import fc from "fast-check";
import { expect, test } from "vitest";
import { type Alert, type DeliveryState, type Severity, severities } from "../../../src/domain/alert.ts";
import type { AlertChannel, Delivery, Envelope } from "../../../src/ops/alerts/channel.ts";
import { Lane, waitingMax } from "../../../src/ops/alerts/lane.ts";
import { alert, ManualTime, settle } from "../support.ts";

const delivered: Delivery = { kind: "delivered" };
const hour = 3_600_000;

test("[I-18] adding an alert calls no channel: it is sent in a turn of its own", async () => {
  const stand = lane(async () => delivered);
  stand.lane.add(alert("a"), false);
  expect(stand.sent).toEqual([]);
  await stand.time.advance(0);
  expect(stand.ids()).toEqual(["a"]);
  expect(stand.settled).toEqual([["a", "delivered"]]);
});

test("[OPS-2] the most urgent goes first, and of equals the oldest", async () => {
  const stand = lane(async () => delivered);
  for (const [id, severity] of [
    ["i", "info"],
    ["w1", "warning"],
    ["w2", "warning"],
    ["c", "critical"],
  ] as const) {
    stand.lane.add(alert(id, severity), false);
  }
  await stand.time.advance(10_000);
  expect(stand.ids()).toEqual(["c", "w1", "w2", "i"]);
});

test("[OPS-2] a channel that hangs is given up after its time, told again with growing waits, and then marked as a repeat", async () => {
  let hangs = true;
  const stand = lane((_envelope, signal) => {
    if (!hangs) return Promise.resolve(delivered);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  });
  stand.lane.add(alert("a"), false);
  await stand.time.advance(60_000);
  const attempts = stand.sent.length;
  expect(attempts).toBeGreaterThan(2);
  expect(stand.settled).toEqual([]);
  hangs = false;
  await stand.time.advance(600_000);
  expect(stand.settled).toEqual([["a", "delivered"]]);
  expect(stand.sent.map(({ isRepeat }) => isRepeat)).toEqual([false, ...Array(attempts).fill(true)]);
  expect(stand.troubles).toEqual(["ALERT_CHANNEL_DOWN", "ALERT_CHANNEL_UP"]);
});

test("[OPS-2] a channel that never ends, whatever it is told, holds nothing but its own lane", async () => {
  const stand = lane(() => new Promise(() => undefined));
  stand.lane.add(alert("a"), false);
  stand.lane.add(alert("b"), false);
  await stand.time.advance(hour);
  expect(new Set(stand.ids())).toEqual(new Set(["a"]));
  expect(stand.lane.waiting).toBeGreaterThanOrEqual(1);
});

test("[OPS-2] a channel that throws is one that failed, and its words are not kept", async () => {
  const stand = lane(() => {
    throw new TypeError("https://api.example/bot12345:canary/sendMessage");
  });
  stand.lane.add(alert("a"), false);
  await stand.time.advance(10_000);
  expect(stand.sent.length).toBeGreaterThan(1);
  expect(JSON.stringify(stand.causes)).not.toContain("canary");
});

test("[OPS-2] a channel that asks for a wait gets it", async () => {
  const times: number[] = [];
  const stand = lane(async () => {
    times.push(stand.time.now);
    return times.length === 1 ? { kind: "failed", cause: "429", afterMillis: 77_000 } : delivered;
  });
  stand.lane.add(alert("a"), false);
  await stand.time.advance(hour);
  const [first = 0, second = 0] = times;
  expect(times).toHaveLength(2);
  expect(second - first).toBeGreaterThanOrEqual(77_000);
});

test("[OPS-2] a message that the channel will never take is counted and does not stand in the way of the next", async () => {
  const stand = lane(async ({ alert: { id } }) => (id === "bad" ? { kind: "refused", cause: "400" } : delivered));
  stand.lane.add(alert("bad"), false);
  stand.lane.add(alert("good"), false);
  await stand.time.advance(10_000);
  expect(stand.settled).toEqual([
    ["bad", "refused"],
    ["good", "delivered"],
  ]);
});

test("[OPS-2] a severity takes not more than its messages an hour; the others do not wait for it", async () => {
  const stand = lane(async () => delivered, { info: 3 });
  for (let index = 0; index < 10; index += 1) stand.lane.add(alert(`i${index}`, "info"), false);
  await stand.time.advance(60_000);
  expect(stand.ids()).toEqual(["i0", "i1", "i2"]);
  stand.lane.add(alert("c", "critical"), false);
  await stand.time.advance(1_000);
  expect(stand.ids().at(-1)).toBe("c");
  await stand.time.advance(3 * hour);
  expect(stand.settled).toHaveLength(11);
});

test("[I-19] a full lane drops the oldest of the lowest severity, counts it, and says so with the next message", async () => {
  let works = false;
  const stand = lane(async () => (works ? delivered : { kind: "failed", cause: "down", afterMillis: null }));
  stand.lane.add(alert("first", "critical"), false);
  for (let index = 0; index < waitingMax; index += 1) stand.lane.add(alert(`i${index}`, "info"), false);
  stand.lane.add(alert("late", "critical"), false);
  expect(stand.lane.waiting).toBe(waitingMax);
  expect(stand.settled).toEqual([
    ["i0", "dropped"],
    ["i1", "dropped"],
  ]);
  works = true;
  await stand.time.advance(1_000);
  expect(stand.sent[0]).toMatchObject({ alert: { id: "first" }, dropped: 2 });
});

test("[I-19] whatever is added while a channel is down, the lane keeps its bound and loses no more urgent one for a less urgent", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<Severity>(...severities), { minLength: 600, maxLength: 900 }), (added) => {
      const stand = lane(() => new Promise(() => undefined));
      for (const [index, severity] of added.entries()) stand.lane.add(alert(`${index}`, severity), false);
      expect(stand.lane.waiting).toBe(waitingMax);
      const critical = added.filter((severity) => severity === "critical").length;
      const lost = stand.dropped.filter((one) => one.severity === "critical").length;
      expect(lost).toBe(Math.max(0, critical - waitingMax));
    }),
    { numRuns: 20 },
  );
});

test("[OPS-2] a closed lane gives up what is in flight and takes nothing more", async () => {
  let aborted = false;
  const stand = lane(
    (_envelope, signal) =>
      new Promise(() => {
        signal.addEventListener("abort", () => {
          aborted = true;
        });
      }),
  );
  stand.lane.add(alert("a"), false);
  await stand.time.advance(0);
  stand.lane.close();
  stand.lane.add(alert("b"), false);
  await stand.time.advance(1);
  expect([aborted, stand.sent.length, stand.lane.waiting]).toEqual([true, 1, 0]);
  expect(stand.time.waiting).toBe(0);
});

test("[OPS-2] idle resolves once nothing waits", async () => {
  const stand = lane(async () => delivered);
  let isIdle = false;
  stand.lane.add(alert("a"), false);
  stand.lane.add(alert("b"), false);
  void stand.lane.idle().then(() => {
    isIdle = true;
  });
  await settle();
  expect(isIdle).toBe(false);
  await stand.time.advance(5_000);
  expect(isIdle).toBe(true);
});

function lane(send: AlertChannel["send"], perHour: Partial<Record<Severity, number>> = {}) {
  const time = new ManualTime();
  const sent: Envelope[] = [];
  const settled: [string, DeliveryState][] = [];
  const dropped: Alert[] = [];
  const troubles: string[] = [];
  const causes: unknown[] = [];
  const opened = new Lane({
    channel: {
      name: "test",
      gapMillis: 100,
      send: (envelope, signal) => {
        sent.push(envelope);
        return send(envelope, signal);
      },
    },
    timers: time,
    clock: () => time.now,
    random: () => 0.5,
    perHour: { info: 100, warning: 100, critical: 100, ...perHour },
    timeoutMillis: 10_000,
    settled: (one, state) => {
      settled.push([one.id, state]);
      if (state === "dropped") dropped.push(one);
    },
    trouble: (_level, code, fields) => {
      troubles.push(code);
      causes.push(fields);
    },
  });
  return { lane: opened, time, sent, settled, dropped, troubles, causes, ids: () => sent.map((one) => one.alert.id) };
}
