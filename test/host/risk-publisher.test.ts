import { expect, test } from "vitest";
import type { RiskEvent } from "../../src/domain/output.ts";
import {
  blockingMillisMax,
  failuresMax,
  type Publication,
  queueMax,
  RiskPublisher,
  type RiskSubscriber,
} from "../../src/host/risk-publisher.ts";
import { after } from "../support/core.ts";

test("[RSK-7] a subscriber is told everything, in order, after the turn that published it", async () => {
  const { publisher } = publisherWith();
  const seen = listener(publisher);
  for (let day = 0; day < 100; day++) publisher.publish(started(day));
  expect(seen).toEqual([]);
  await publisher.settled();
  expect(seen).toEqual(Array.from({ length: 100 }, (_, day) => day));
});

test("[RSK-7] log and store are told in the turn itself", () => {
  const told: Publication[] = [];
  const publisher = new RiskPublisher({ own: [(publication) => told.push(publication)], trouble: () => undefined });
  publisher.publish(started(1));
  expect(told).toEqual([started(1)]);
});

test("[RSK-7] a subscriber that throws does not break the publisher or the others", async () => {
  const { publisher, trouble } = publisherWith();
  publisher.subscribe(named("broken", () => Promise.reject(new Error("no"))));
  publisher.subscribe(
    named("thrower", () => {
      throw new Error("boom");
    }),
  );
  const seen = listener(publisher);
  for (let day = 0; day < 3; day++) publisher.publish(started(day));
  await publisher.settled();
  expect(seen).toEqual([0, 1, 2]);
  expect(trouble.filter(({ code }) => code === "SUBSCRIBER_FAILED")).toHaveLength(6);
  expect(trouble.map(({ fields }) => fields["error"])).toContain("boom");
});

test("[RSK-7] a subscriber that hangs is given up after a while, and the others are told meanwhile", async () => {
  const { publisher, trouble } = publisherWith();
  const asked: number[] = [];
  publisher.subscribe(
    named("hanging", async (publication) => {
      asked.push(dayOf(publication));
      await new Promise(() => undefined);
    }),
  );
  const seen = listener(publisher);
  publisher.publish(started(1));
  publisher.publish(started(2));
  await publisher.settled();
  expect([seen, asked]).toEqual([
    [1, 2],
    [1, 2],
  ]);
  expect(trouble.map(({ code }) => code)).toEqual(["SUBSCRIBER_HANGS", "SUBSCRIBER_HANGS"]);
});

test("[RSK-7] what waits for a slow subscriber is bounded: the oldest make room, and that is told", async () => {
  const { publisher, trouble } = publisherWith();
  const gate = Promise.withResolvers<void>();
  const seen: number[] = [];
  publisher.subscribe(
    named("slow", async (publication) => {
      seen.push(dayOf(publication));
      await gate.promise;
    }),
  );
  const more = 50;
  for (let day = 0; day < queueMax + more; day++) publisher.publish(started(day));
  gate.resolve();
  await publisher.settled();
  expect(seen).toEqual(Array.from({ length: queueMax }, (_, i) => more + i));
  expect(trouble).toEqual([{ level: "warn", code: "SUBSCRIBER_BEHIND", fields: { where: "slow", dropped: more } }]);
});

test("[RSK-7] a subscriber that fails again and again is removed", async () => {
  const { publisher, trouble } = publisherWith();
  let calls = 0;
  publisher.subscribe(
    named("hopeless", () => {
      calls += 1;
      throw new Error("no");
    }),
  );
  for (let day = 0; day < failuresMax + 5; day++) publisher.publish(started(day));
  await publisher.settled();
  publisher.publish(started(99));
  await publisher.settled();
  expect(calls).toBe(failuresMax);
  expect(trouble.at(-1)?.code).toBe("SUBSCRIBER_REMOVED");
});

test("[RSK-7] a failure now and then does not add up to a removal", async () => {
  const { publisher, trouble } = publisherWith();
  let calls = 0;
  publisher.subscribe(
    named("moody", () => {
      calls += 1;
      if (calls % 2 === 1) throw new Error("no");
    }),
  );
  for (let day = 0; day < 4 * failuresMax; day++) publisher.publish(started(day));
  await publisher.settled();
  expect([calls, trouble.some(({ code }) => code === "SUBSCRIBER_REMOVED")]).toEqual([4 * failuresMax, false]);
});

test("[RSK-7] one that holds up the thread is told of, and removed when it does not stop", async () => {
  const { publisher, trouble } = publisherWith();
  let calls = 0;
  publisher.subscribe(
    named("blocking", () => {
      calls += 1;
      const until = performance.now() + blockingMillisMax + 5;
      while (performance.now() < until);
    }),
  );
  for (let day = 0; day < failuresMax + 5; day++) publisher.publish(started(day));
  await publisher.settled();
  expect(calls).toBe(failuresMax);
  expect(new Set(trouble.map(({ code }) => code))).toEqual(new Set(["SUBSCRIBER_HANGS", "SUBSCRIBER_REMOVED"]));
});

test("[RSK-7] after closing nothing is delivered", async () => {
  const { publisher } = publisherWith();
  const seen = listener(publisher);
  publisher.publish(started(1));
  publisher.close();
  publisher.publish(started(2));
  await publisher.settled();
  expect(seen).toEqual([]);
});

type Trouble = { readonly level: string; readonly code: string; readonly fields: Readonly<Record<string, unknown>> };

function publisherWith() {
  const trouble: Trouble[] = [];
  const publisher = new RiskPublisher({
    own: [],
    trouble: (level, code, fields) => trouble.push({ level, code, fields }),
    deliveryMillisMax: 20,
  });
  return { publisher, trouble };
}

function named(name: string, receive: RiskSubscriber["receive"]): RiskSubscriber {
  return { name, receive };
}

function listener(publisher: RiskPublisher): number[] {
  const seen: number[] = [];
  publisher.subscribe(
    named("listener", (publication) => {
      seen.push(dayOf(publication));
    }),
  );
  return seen;
}

function started(day: number): RiskEvent {
  return { kind: "risk-event", event: "DAY_STARTED", symbol: null, time: after(0), day, equity: 1 };
}

function dayOf(publication: Publication): number {
  return publication.kind === "risk-event" && publication.event === "DAY_STARTED" ? publication.day : -1;
}
