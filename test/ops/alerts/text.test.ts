import { expect, test } from "vitest";
import { alertLines } from "../../../src/ops/alerts/text.ts";
import { alert } from "../support.ts";

test("[OPS-2] people read a time, and not the microseconds of it", () => {
  const told = { ...alert("a"), symbol: null, fields: { since: 1_721_433_600_000_000, own: 0 } };
  const lines = alertLines({ alert: told, isRepeat: false, dropped: 0 });
  expect(lines.slice(2, 4)).toEqual(["since: 2024-07-20T00:00:00.000Z", "own: 0"]);
});
