/** A ban is told on any way to the exchange, and holds for the WebSocket API's own requests, too. */

import { expect, test } from "vitest";
import { algoBody, entry, ok, Rig, stop, testSigner } from "./support.ts";

const minutes = 60_000;
const kinds = ["hmac", "ed25519"] as const;

function ban(rig: Rig, milliseconds: number): { readonly code: number; readonly msg: string } {
  const end = Math.floor(rig.now / 1_000) + milliseconds;
  return { code: -1003, msg: `Way too much request weight used; IP banned until ${end}.` };
}

/** Handshakes, log-ons and REST requests so far. */
function asked(rig: Rig): readonly number[] {
  const logons = rig.session().filter(({ method }) => method === "session.logon");
  const rest = rig.requests.filter(({ kind }) => kind === "http");
  return [rig.opened("ws-api").length, logons.length, rest.length];
}

function started(kind: (typeof kinds)[number]): Rig {
  return new Rig({}, { ...testSigner, kind }).started();
}

/** A rig whose session stands, and which was banned for ten minutes in answer to an order. */
function banned(kind: (typeof kinds)[number]): Rig {
  const rig = started(kind);
  if (kind === "ed25519") rig.reply(200, { apiKey: "test-key" });
  rig.send(entry);
  rig.reply(418, ban(rig, 10 * minutes));
  return rig;
}

/** The handshake of the WebSocket API is refused. */
function refuse(rig: Rig, refusedWith: number): void {
  const stream = rig.stream("ws-api");
  rig.adapter.handle({ kind: "stream-closed", stream, cause: "refused", refusedWith }, rig.now);
}

test.each(kinds)("[F-18] during a ban neither a handshake nor a log-on of the WebSocket API leaves (%s)", (kind) => {
  // given
  const rig = banned(kind);
  const before = asked(rig);
  // when
  rig.cut("ws-api");
  rig.advance(9 * minutes);
  // then
  expect(asked(rig)).toEqual(before);
});

test.each(kinds)("[F-18] when a ban is over the WebSocket API is connected to again (%s)", (kind) => {
  const rig = banned(kind);
  const before = rig.opened("ws-api").length;
  rig.cut("ws-api");
  rig.advance(11 * minutes);
  expect(rig.opened("ws-api").length).toBeGreaterThan(before);
});

test("[F-18] a log-on whose connection opens during a ban leaves when it is over", () => {
  // given: the handshake is under way when the ban is told
  const rig = started("ed25519");
  const logons = (): number => asked(rig)[1] ?? 0;
  rig.on("GET /fapi/v3/positionRisk", () => ({ status: 418, body: ban(rig, 5 * minutes) }));
  rig.opens.delete("ws-api");
  rig.cut("ws-api");
  rig.advance(2_000);
  rig.send({ kind: "query-account" });
  const before = logons();
  // when
  rig.adapter.handle({ kind: "stream-open", stream: rig.stream("ws-api") }, rig.now);
  rig.advance(4 * minutes);
  const during = logons();
  rig.advance(1 * minutes);
  // then
  expect([during, logons()]).toEqual([before, before + 1]);
});

test("[F-18] a log-on that is answered with a ban silences everything until the ban ends", () => {
  const rig = started("ed25519");
  rig.reply(418, ban(rig, 10 * minutes));
  const before = asked(rig);
  rig.advance(9 * minutes);
  expect(asked(rig)).toEqual(before);
});

test("[F-26] a log-on that is refused for its time has the clock measured anew", () => {
  const rig = started("ed25519");
  const before = rig.http("/fapi/v1/time").length;
  rig.reply(400, { code: -1021, msg: "Timestamp for this request is outside of the recvWindow." });
  expect(rig.http("/fapi/v1/time").length).toBe(before + 1);
});

test("[F-18] a handshake that is refused with 418 is a ban for REST, too", () => {
  // given
  const rig = started("hmac");
  rig.cut("ws-api");
  rig.opens.delete("ws-api");
  rig.advance(2_000);
  // when
  refuse(rig, 418);
  const before = asked(rig);
  rig.advance(119_000);
  // then
  expect(asked(rig)).toEqual(before);
});

test("[SAF-1] a handshake that the firewall refuses keeps no stop back: REST has another host", () => {
  // given
  const rig = started("hmac");
  rig.on("POST /fapi/v1/algoOrder", () => ok(algoBody()));
  rig.cut("ws-api");
  rig.opens.delete("ws-api");
  rig.advance(2_000);
  // when
  refuse(rig, 403);
  rig.send(stop);
  // then
  expect(rig.http("/fapi/v1/algoOrder", "POST")).toHaveLength(1);
});

test("[SAF-1] handshakes that are refused with 429 whenever one is due leave a quarter of the time to REST", () => {
  // given
  const rig = started("hmac");
  rig.on("POST /fapi/v1/algoOrder", () => ok(algoBody()));
  rig.opens.delete("ws-api");
  rig.cut("ws-api");
  let known = rig.opened("ws-api").length;
  let free = 0;
  // when
  for (let second = 0; second < 600; second += 1) {
    rig.advance(1_000);
    if (rig.opened("ws-api").length > known) refuse(rig, 429);
    known = rig.opened("ws-api").length;
    const before = rig.http("/fapi/v1/algoOrder", "POST").length;
    rig.send(stop);
    free += rig.http("/fapi/v1/algoOrder", "POST").length - before;
  }
  // then
  expect(free).toBeGreaterThan(150);
});

test("[I-13] an error of the WebSocket API that names no request and tells of a ban is no revoked key", () => {
  const rig = started("hmac");
  rig.say("ws-api", { id: null, status: 418, error: ban(rig, 10 * minutes) });
  rig.advance(9 * minutes);
  expect(rig.events.filter((event) => event.kind === "venue-unknown")).toEqual([]);
});

test("[F-18] an error of the WebSocket API that names no request and tells of a ban silences everything", () => {
  const rig = started("hmac");
  rig.say("ws-api", { id: null, status: 418, error: ban(rig, 10 * minutes) });
  const before = asked(rig);
  rig.advance(9 * minutes);
  expect(asked(rig)).toEqual(before);
});

test("an error of the WebSocket API that names no request, and is about nothing that we heed, is told", () => {
  const rig = started("hmac");
  rig.say("ws-api", { id: null, status: 400, error: { code: -1102, msg: "Mandatory parameter was not sent." } });
  expect(rig.notices.at(-1)).toMatchObject({ code: "SESSION_ERROR_UNCLAIMED", fields: { status: 400, code: -1102 } });
});

test("[F-18] handshake and log-on take from the weight of the address", () => {
  // given: others have left six of the weight that is not reserved
  const rig = started("ed25519");
  rig.reply(200, { apiKey: "test-key" });
  const limits = { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 2_400 };
  rig.advance(60_000 - (Math.floor(rig.now / 1_000) % 60_000) + 1_000);
  rig.say("ws-api", { id: 999, status: 200, result: {}, rateLimits: [{ ...limits, count: 1_794 }] });
  const before = asked(rig);
  // when
  rig.cut("ws-api");
  rig.advance(10_000);
  // then: there is room for the handshake, and none for the log-on
  expect(asked(rig).slice(0, 2)).toEqual([(before[0] ?? 0) + 1, before[1]]);
});
