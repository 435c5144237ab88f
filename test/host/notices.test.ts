import { expect, test } from "vitest";
import type { RiskEvent } from "../../src/domain/output.ts";
import { micros } from "../../src/domain/units.ts";
import { riskEventNotice, tradeNotice } from "../../src/host/notices.ts";
import { shownFields } from "../../src/ops/log.ts";
import { tradeRow } from "../store/rows.ts";
import { instrument } from "../support/core.ts";

const base = { kind: "risk-event", symbol: null, time: micros(1_721_390_400_000_000) } as const;

test.each<[RiskEvent, string, object]>([
  [{ ...base, event: "DAILY_LOSS_HIT", measured: 201.5, limit: 200 }, "error", { measured: 201.5, limit: 200 }],
  [
    {
      ...base,
      event: "HALTED",
      by: "limits",
      reason: "MAX_DAILY_LOSS_REACHED",
      until: micros(1_721_433_600_000_000),
    },
    "error",
    { by: "limits", reason: "MAX_DAILY_LOSS_REACHED", until: "2024-07-20T00:00:00.000Z" },
  ],
  [{ ...base, event: "SCALED", by: "run_of_losses", factor: 0.5 }, "warn", { by: "run_of_losses", factor: 0.5 }],
  [{ ...base, event: "RESUMED", by: "day" }, "info", { by: "day" }],
])("[RSK-7] a risk event's word is the one in the log, with its numbers in plain sight: %j", (event, level, fields) => {
  const notice = riskEventNotice(event);
  expect(notice).toEqual({ kind: "notice", level, code: event.event, symbol: null, fields });
  expect(shownFields(notice.fields)).toEqual(fields);
});

test("[ORD-4] a net that leaves commissions in another asset out says so, and only such a one", () => {
  const [plain, other] = [null, "0.00012000 BNB"].map(
    (otherFees) => tradeNotice(tradeRow("t", { otherFees }), instrument).fields,
  );
  expect([plain !== undefined && "otherFees" in plain, other?.["otherFees"]]).toEqual([false, "0.00012000 BNB"]);
});
