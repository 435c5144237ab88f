import { expect, test } from "vitest";
import type { Role } from "../../src/domain/order.ts";
import { orderId, tradeIdFrom } from "../../src/domain/order-id.ts";
import type { PlaceAlgo } from "../../src/domain/output.ts";
import { symbolIndex, ticks } from "../../src/domain/units.ts";
import { restoredStopNotice } from "../../src/host/restored-stop.ts";

test("[OPS-2] a floor stop that is placed again is told, with its order", () => {
  const again = stop("f", 2);
  expect(restoredStopNotice(again, "sd")).toMatchObject({
    code: "STOP_PLACED_AGAIN",
    fields: { order: again.clientAlgoId, attempt: 2 },
  });
});

test("[OPS-2] the first stop of a trade, a target and a stop that moves with the price are not told", () => {
  for (const command of [stop("f", 1), stop("t1", 2), stop("r", 3)]) {
    expect(restoredStopNotice(command, "sd")).toBeNull();
  }
});

function stop(role: Role, attempt: number): PlaceAlgo {
  return {
    kind: "place-algo",
    symbol: symbolIndex(0),
    clientAlgoId: orderId({ prefix: "sd", trade: tradeIdFrom("d1"), role, attempt }),
    role,
    side: "sell",
    type: "STOP_MARKET",
    trigger: ticks(640_000),
    workingType: "CONTRACT_PRICE",
    extent: { kind: "close-position" },
  };
}
