/** What becomes of orders on their way to the exchange and back. */

import { expect, test } from "vitest";
import { lots, micros, microsFromSeconds, symbolIndex, ticks } from "../../src/domain/units.ts";
import { algoBody, entry, ok, orderBody, Rig, refusal, restRig, stop, testSigner } from "./support.ts";

/** A rig whose orders go by REST. */
function startedRestRig(): Rig {
  const rig = restRig().started();
  rig.events.length = 0;
  return rig;
}

function sessionRig(): Rig {
  const rig = new Rig().started();
  rig.events.length = 0;
  return rig;
}

test("an order goes over the WebSocket API, signed each time with an HMAC key", () => {
  const rig = sessionRig();
  rig.send(entry);
  expect(rig.session().at(-1)).toEqual({
    id: expect.any(Number),
    method: "order.place",
    params: {
      symbol: "BTCUSDT",
      side: "BUY",
      type: "MARKET",
      quantity: "0.010",
      newClientOrderId: entry.clientOrderId,
      newOrderRespType: "RESULT",
      recvWindow: 2_000,
      apiKey: "test-key",
      timestamp: rig.now / 1_000,
      signature: "5167",
    },
  });
});

test("an Ed25519 key logs on once, and its orders carry no signature", () => {
  const rig = new Rig({}, { ...testSigner, kind: "ed25519" }).started();
  rig.reply(200, { apiKey: "test-key" });
  rig.send(entry);
  const [logon, order] = rig.session();
  expect([logon?.["method"], Object.keys({ ...(order?.["params"] as object) })]).toEqual([
    "session.logon",
    expect.not.arrayContaining(["signature", "apiKey"]),
  ]);
});

test("until the log-on is answered orders go by REST", () => {
  const rig = new Rig({}, { ...testSigner, kind: "ed25519" }).started();
  rig.on("POST /fapi/v1/order", () => ok(orderBody()));
  rig.send(entry);
  expect(rig.http("/fapi/v1/order", "POST")).toHaveLength(1);
});

test("what a reply reports comes before its outcome, with the id unrounded (F-21)", () => {
  const rig = sessionRig();
  rig.send(entry);
  rig.reply(200, orderBody());
  expect(rig.events).toEqual([
    expect.objectContaining({ kind: "order-report", orderId: "8389765000000000123", status: "FILLED", filled: 10 }),
    { kind: "outcome", command: entry, outcome: { kind: "ok" } },
  ]);
});

test("[SAF-2] an order without a reply in time is of unknown fate and is not sent again (F-01)", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/order", () => "lost");
  rig.send(entry);
  rig.advance(60_000);
  expect([rig.outcomes(), rig.http("/fapi/v1/order", "POST").length]).toEqual([
    [{ kind: "unknown", cause: "no reply in time" }],
    1,
  ]);
});

test("[SAF-2] an order and its look-up are not given up: a late reply still tells of them", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/order", () => "lost");
  rig.on("GET /fapi/v1/order", () => "lost");
  rig.send(entry);
  rig.send({ kind: "query-order", symbol: entry.symbol, clientOrderId: entry.clientOrderId });
  rig.advance(5_000);
  expect([rig.outcomes().length, rig.givenUp()]).toEqual([2, []]);
});

test("a reply that comes after its time still reports the order, and no second outcome", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/order", () => "lost");
  rig.send(entry);
  rig.advance(5_000);
  const id = rig.http("/fapi/v1/order", "POST")[0]?.id ?? 0;
  rig.answer(id, { status: 200, body: orderBody() });
  expect([rig.kinds(), rig.outcomes().length]).toEqual([["outcome", "order-report"], 1]);
});

test("[SAF-2] a session that dies before the reply leaves the order's fate unknown", () => {
  const rig = sessionRig();
  rig.send(entry);
  rig.cut("ws-api");
  expect(rig.outcomes()).toEqual([{ kind: "unknown", cause: "connection lost before the reply" }]);
});

test("a silent session is given up, and the next order goes by REST", () => {
  const rig = sessionRig();
  rig.on("POST /fapi/v1/algoOrder", () => ok(algoBody()));
  rig.opens.delete("ws-api");
  rig.send(entry);
  rig.advance(3_500);
  rig.send(stop);
  expect(rig.outcomes()).toEqual([{ kind: "unknown", cause: "no reply in time" }, { kind: "ok" }]);
});

test("[I-05] a look-up does not go by a session that was silent and was opened anew, until it says something", () => {
  const rig = sessionRig();
  const lookUp = { kind: "query-order", symbol: entry.symbol, clientOrderId: entry.clientOrderId } as const;
  const byRest = (): number => rig.http("/fapi/v1/order", "GET").length;
  rig.on("GET /fapi/v1/order", () => ok(orderBody()));
  rig.send(entry);
  rig.advance(20_000);
  rig.send(lookUp);
  const whileSilent = byRest();
  rig.send(stop);
  rig.reply(200, algoBody());
  rig.send(lookUp);
  expect([whileSilent, byRest(), rig.session().map(({ method }) => method)]).toEqual([
    1,
    1,
    ["order.place", "algoOrder.place", "order.status"],
  ]);
});

test.each([
  ["Unknown error, please check your request or try again later.", "unknown"],
  ["Service Unavailable.", "refused"],
  ["Internal error; unable to process your request. Please try again.", "refused"],
  ["<html>503</html>", "unknown"],
])("[SAF-2] HTTP 503 with %j is %s for an entry (F-02)", (text, kind) => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/order", () => ({ status: 503, body: text }));
  rig.send(entry);
  expect(rig.outcomes()).toEqual([expect.objectContaining({ kind })]);
});

test("[SAF-1] a stop that certainly was not executed is sent again with the same id", () => {
  const rig = startedRestRig();
  let attempts = 0;
  rig.on("POST /fapi/v1/algoOrder", () => {
    attempts += 1;
    return attempts < 3 ? { status: 503, body: "Service Unavailable." } : ok(algoBody());
  });
  rig.send(stop);
  rig.advance(1_000);
  const ids = rig.http("/fapi/v1/algoOrder", "POST").map(({ query }) => new URLSearchParams(query).get("clientAlgoId"));
  expect([ids, rig.outcomes()]).toEqual([Array(3).fill(stop.clientAlgoId), [{ kind: "ok" }]]);
});

test("[SAF-1] repeating a stop has an end, and the refusal is told", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/algoOrder", () => refusal(-1008, "Server is currently overloaded.", 503));
  rig.send(stop);
  rig.advance(10_000);
  expect([rig.http("/fapi/v1/algoOrder", "POST").length, rig.outcomes()]).toEqual([
    4,
    [{ kind: "refused", code: -1008, message: "Server is currently overloaded." }],
  ]);
});

test("[SAF-1] an entry is not repeated: its price is old by then", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/order", () => refusal(-1008, "Server is currently overloaded.", 503));
  rig.send(entry);
  rig.advance(10_000);
  expect(rig.http("/fapi/v1/order", "POST")).toHaveLength(1);
});

test("−1021 measures the clock at once, and a stop is sent again with the new time (F-26)", () => {
  const rig = startedRestRig();
  let attempts = 0;
  rig.on("GET /fapi/v1/time", () => ok({ serverTime: rig.now / 1_000 + 60_000 }));
  rig.on("POST /fapi/v1/algoOrder", () => {
    attempts += 1;
    return attempts === 1 ? refusal(-1021, "Timestamp for this request is outside of the recvWindow.") : ok(algoBody());
  });
  rig.send(stop);
  rig.advance(500);
  const second = new URLSearchParams(rig.http("/fapi/v1/algoOrder", "POST")[1]?.query);
  expect([Number(second.get("timestamp")) > rig.now / 1_000 + 59_000, rig.outcomes()]).toEqual([
    true,
    [{ kind: "ok" }],
  ]);
});

test("−4116 after an unknown fate means that the first attempt exists (F-09)", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/algoOrder", () => refusal(-1007, "Timeout waiting for response from backend server.", 408));
  rig.send(stop);
  rig.on("POST /fapi/v1/algoOrder", () => refusal(-4116, "ClientOrderId is duplicated."));
  rig.send(stop);
  expect(rig.outcomes().map((outcome) => (outcome as { kind: string }).kind)).toEqual(["unknown", "unknown"]);
});

test("[F-09] −4116 says that the order exists, also to a first attempt", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/algoOrder", () => refusal(-4116, "ClientOrderId is duplicated."));
  rig.send(stop);
  expect(rig.outcomes()).toEqual([{ kind: "unknown", cause: "-4116 ClientOrderId is duplicated." }]);
});

test("an order that never left is certainly not executed", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/order", () => "refused-connection");
  rig.send(entry);
  expect(rig.outcomes()).toEqual([{ kind: "refused", code: -1016, message: "not sent: ECONNREFUSED" }]);
});

test("a code that the reference lacks is told as unknown code beside the refusal", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/order", () => refusal(-7777, "Something new."));
  rig.send(entry);
  expect(rig.events.map((event) => (event.kind === "venue-unknown" ? event.what : event.kind))).toEqual([
    "code",
    "outcome",
  ]);
});

test("[SAF-1] when the order pool is nearly used up, entries are held back and stops still go (F-18)", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/order", () => ({
    ...(ok(orderBody()) as object),
    status: 200,
    body: orderBody(),
    headers: { orders10s: 230 },
  }));
  rig.on("POST /fapi/v1/algoOrder", () => ok(algoBody()));
  rig.send(entry);
  rig.send(entry);
  rig.send(stop);
  expect(rig.outcomes()).toEqual([
    { kind: "ok" },
    {
      kind: "refused",
      code: -1003,
      message: expect.stringContaining("own rate budget is used up"),
      until: expect.any(Number),
    },
    { kind: "ok" },
  ]);
});

test("after 429 nothing is sent until the named end (F-18)", () => {
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/order", () => ({
    status: 429,
    body: { code: -1003, msg: "Too many requests." },
    headers: { retryAfterSeconds: 30 },
  }));
  rig.send(entry);
  rig.on("POST /fapi/v1/algoOrder", () => ok(algoBody()));
  rig.send(stop);
  const during = rig.http("/fapi/v1/algoOrder", "POST").length;
  rig.advance(31_000);
  rig.send(stop);
  expect([during, rig.http("/fapi/v1/algoOrder", "POST").length]).toEqual([0, 1]);
});

test("[F-18] a 429 that arrives when its minute has ended holds no stop back", () => {
  // given: the reply is on its way for 60 ms, and the minute ends meanwhile
  const rig = startedRestRig();
  rig.on("POST /fapi/v1/algoOrder", () => ok(algoBody()));
  rig.advance((59_980_000 - (rig.now % 60_000_000)) / 1_000);
  const saidAt = micros(Math.floor(rig.now / 1_000_000) * 1_000_000);
  rig.on("GET /fapi/v1/order", () => {
    rig.now = micros(rig.now + 60_000);
    return { status: 429, body: { code: -1003, msg: "Too many requests." }, headers: { saidAt, usedWeight: 2_401 } };
  });
  rig.send({ kind: "query-order", symbol: symbolIndex(0), clientOrderId: entry.clientOrderId });
  // when
  rig.advance(1_000);
  rig.send(stop);
  // then
  expect(rig.http("/fapi/v1/algoOrder", "POST")).toHaveLength(1);
});

test("a revoked session is told as lost authority", () => {
  const rig = sessionRig();
  rig.say("ws-api", { id: null, status: 401, error: { code: -2015, msg: "Invalid API-key." } });
  expect(rig.events[0]).toEqual({ kind: "venue-unknown", what: "authority", detail: expect.stringContaining("-2015") });
});

const amend = {
  kind: "amend-order",
  symbol: symbolIndex(0),
  clientOrderId: entry.clientOrderId,
  side: "buy",
  quantity: lots(10),
  price: ticks(639_999),
} as const;
const resting = { status: "NEW", type: "LIMIT", executedQty: "0.000" };

test("an amendment goes over the WebSocket API; its reply reports the new price before the outcome", () => {
  const rig = sessionRig();
  rig.send(amend);
  const method = rig.session().at(-1)?.["method"];
  rig.reply(200, orderBody({ ...resting, price: "63999.90", pair: "BTCUSDT", modifyId: 1 }));
  expect([method, rig.events]).toMatchObject([
    "order.modify",
    [
      { kind: "order-report", status: "NEW", price: 639_999, quantity: 10, source: "reply" },
      { kind: "outcome", command: amend, outcome: { kind: "ok" } },
    ],
  ]);
});

test("an amendment to what is so already (−5027) is done, without a report", () => {
  const rig = startedRestRig();
  rig.on("PUT /fapi/v1/order", () => refusal(-5027, "No need to modify the order."));
  rig.send(amend);
  expect(rig.events).toMatchObject([{ kind: "outcome", outcome: { kind: "ok" } }]);
});

test.each([-5026, -5028, -5043, -5024, -2013, -5022])(
  "a refused amendment (%i) is told with its code, and not repeated: its price is old by then",
  (code) => {
    const rig = startedRestRig();
    rig.on("PUT /fapi/v1/order", () => refusal(code, "no"));
    rig.send(amend);
    rig.advance(2_000);
    expect([rig.outcomes(), rig.http("/fapi/v1/order", "PUT").length]).toEqual([
      [{ kind: "refused", code, message: "no" }],
      1,
    ]);
  },
);

test("[SAF-2] an amendment without a reply has an unknown fate; what its late reply reports is still a fact", () => {
  const rig = startedRestRig();
  rig.on("PUT /fapi/v1/order", () => "lost").send(amend);
  rig.advance(3_100);
  const [request] = rig.http("/fapi/v1/order", "PUT");
  rig.answer(request?.id ?? 0, { status: 200, body: orderBody({ ...resting, price: "63999.90" }) });
  expect(rig.events.filter(({ kind }) => kind === "outcome" || kind === "order-report")).toMatchObject([
    { kind: "outcome", outcome: { kind: "unknown" } },
    { kind: "order-report", price: 639_999 },
  ]);
});

test("[F-20] a look-up that is answered too late with nothing tells so, and when it had left", () => {
  const rig = startedRestRig();
  rig.on("GET /fapi/v1/order", () => "lost");
  const askedAt = rig.now;
  rig.send({ kind: "query-order", symbol: entry.symbol, clientOrderId: entry.clientOrderId });
  rig.advance(3_600);
  const [request] = rig.http("/fapi/v1/order", "GET");
  rig.answer(request?.id ?? 0, { status: 400, body: { code: -2013, msg: "Order does not exist." } });
  expect(rig.events.filter(({ kind }) => kind === "outcome" || kind === "found-nothing")).toEqual([
    expect.objectContaining({ kind: "outcome", outcome: { kind: "unknown", cause: "no reply in time" } }),
    { kind: "found-nothing", symbol: entry.symbol, clientOrderId: entry.clientOrderId, askedAt },
  ]);
});

test("an amendment that is no more than what has filled is a cancel, and is reported so", () => {
  const rig = startedRestRig();
  rig.on("PUT /fapi/v1/order", () => ok(orderBody({ type: "LIMIT", status: "CANCELED", executedQty: "0.004" })));
  rig.send(amend);
  expect(rig.events).toMatchObject([{ kind: "order-report", status: "CANCELED", filled: 4 }, { kind: "outcome" }]);
});

test("[SAF-1] what a short silence holds back goes when it ends: protection before cancels, entries not at all", () => {
  const rig = startedRestRig();
  const cancel = { kind: "cancel-order", symbol: symbolIndex(0), clientOrderId: entry.clientOrderId } as const;
  const limit = { status: 429, body: { code: -1003, msg: "Too many requests." }, headers: { retryAfterSeconds: 1 } };
  rig.on("GET /fapi/v1/order", () => limit);
  rig.on("DELETE /fapi/v1/order", () => ok(orderBody({ status: "CANCELED" })));
  rig.send({ kind: "query-order", symbol: symbolIndex(0), clientOrderId: entry.clientOrderId });
  rig.events.length = 0;
  const before = rig.requests.length;
  for (const command of [cancel, entry, stop]) rig.send(command);
  const meanwhile = rig.outcomes();
  rig.advance(1_001);
  const sent = rig.requests.slice(before).filter((request) => request.kind === "http" && request.method !== "GET");
  expect(meanwhile).toMatchObject([{ kind: "refused", code: -1003 }]);
  expect(sent.map((request) => (request.kind === "http" ? `${request.method} ${request.path}` : ""))).toEqual([
    "POST /fapi/v1/algoOrder",
    "DELETE /fapi/v1/order",
  ]);
});

test("[SAF-1] a silence that lasts longer than a reply may is told at once", () => {
  const rig = startedRestRig();
  rig.on("GET /fapi/v1/order", () => ({ status: 418, body: "", headers: { retryAfterSeconds: 120 } }));
  rig.send({ kind: "query-order", symbol: symbolIndex(0), clientOrderId: entry.clientOrderId });
  rig.events.length = 0;
  rig.send(stop);
  expect(rig.outcomes()).toMatchObject([{ kind: "refused", code: -1003 }]);
});

test("[F-18] [I-01] what a longer silence refuses is told with the end of it", () => {
  const rig = startedRestRig();
  rig.on("GET /fapi/v1/order", () => ({ status: 429, body: "", headers: { retryAfterSeconds: 35 } }));
  rig.send({ kind: "query-order", symbol: symbolIndex(0), clientOrderId: entry.clientOrderId });
  const until = rig.now + microsFromSeconds(35);
  rig.events.length = 0;
  rig.send(stop);
  expect(rig.outcomes()).toMatchObject([{ kind: "refused", until }]);
});

test.each([
  [34_999, 0],
  [35_000, 1],
])("[F-18] [I-01] after %i ms of a silence of 35 s %i stops that are sent have left", (ms, left) => {
  const rig = startedRestRig();
  rig.on("GET /fapi/v1/order", () => ({ status: 429, body: "", headers: { retryAfterSeconds: 35 } }));
  rig.on("POST /fapi/v1/algoOrder", () => ok(algoBody()));
  rig.send({ kind: "query-order", symbol: symbolIndex(0), clientOrderId: entry.clientOrderId });
  rig.advance(ms);
  rig.send(stop);
  expect(rig.http("/fapi/v1/algoOrder", "POST")).toHaveLength(left);
});
