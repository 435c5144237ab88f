/** A start that drags on must not keep an open position out of sight. */

import { expect, test } from "vitest";
import { Rig, refusal } from "../venue/support.ts";

const aWhile = 1_500;

test("[I-11] the account is read although the private stream does not open", () => {
  const rig = new Rig();
  rig.opens.delete("private");
  rig.started().advance(aWhile);
  expect(rig.kinds()).toContain("account-snapshot");
});

test("[I-11] the account is read although candles are not to be had", () => {
  const rig = new Rig();
  rig.on("GET /fapi/v1/klines", () => refusal(-1016, "This service is no longer available.", 503));
  rig.started().advance(aWhile);
  expect(rig.kinds()).toContain("account-snapshot");
});

test("[SAF-1] what is open can be read when everything but protection's share of the weight is used", () => {
  const rig = new Rig();
  rig.started();
  rig.adapter.handle(
    {
      kind: "http-reply",
      id: 1_000_000,
      status: 200,
      headers: { saidAt: null, usedWeight: 2_000, orders10s: null, orders1m: null, retryAfterSeconds: null },
      body: Buffer.from("[]"),
    },
    rig.now,
  );
  const before = rig.http("/fapi/v1/openAlgoOrders").length;
  rig.send({ kind: "query-account" });
  expect(rig.http("/fapi/v1/openAlgoOrders")).toHaveLength(before + 1);
});
