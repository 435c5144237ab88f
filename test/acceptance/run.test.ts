/** `npm start` as a newcomer runs it, only shorter: what it prints, and what it claims about itself. */

import { beforeAll, expect, test } from "vitest";
import { type Exit, nakedMillisMax, Scalpd, type Summary, summaryOf, temporaryDirectory } from "./processes.ts";

let daemon: Scalpd;
let exit: Exit;
let summary: Summary;

beforeAll(async () => {
  daemon = new Scalpd(["run", "--for", "20s", "--speed", "5", "--json", "--data", temporaryDirectory()]);
  exit = await daemon.exit;
  expect(exit, daemon.errorLines.join("\n")).toEqual({ code: 0, signal: null });
  summary = summaryOf(daemon);
}, 60_000);

test("[OPS-1] a run with --for ends by itself with exit code 0 and no failure", () => {
  expect([exit.code, summary.failure]).toEqual([0, null]);
});

test("[OPS-1] standard output carries one JSON line and nothing else", () => {
  expect(daemon.outLines).toHaveLength(1);
});

test("[OPS-1] standard error is JSON, line by line, each with level, time and code", () => {
  const odd = daemon.errorLines.filter(
    (line) => !/^\{"level":"(info|warn|error)","time":"[^"]+Z",.*"code":/.test(line),
  );
  expect(odd).toEqual([]);
});

test("[OPS-1] each symbol has a status line with decision, position, orders and counts", () => {
  const status = daemon.log.filter((line) => line["code"] === "STATUS");
  expect(new Set(status.map((line) => line["symbol"]))).toEqual(new Set(["BTCUSDT", "ETHUSDT"]));
  expect(Object.keys(status[0] ?? {})).toEqual(
    expect.arrayContaining(["decision", "decisionAge", "position", "orders", "fills", "trades", "bid", "ask"]),
  );
});

test("[DEC-2] the demo source is announced as no strategy before anything is traded", () => {
  const codes = daemon.log.map((line) => line["code"]);
  expect(codes.indexOf("DEMO_SOURCE")).toBeGreaterThanOrEqual(0);
  expect(codes.indexOf("DEMO_SOURCE")).toBeLessThan(codes.indexOf("TRADE_CLOSED"));
});

test("[OPS-1] both symbols are traded from the decision to the close, and counted", () => {
  expect(summary.symbols).toEqual(["BTCUSDT", "ETHUSDT"]);
  expect(summary.decisions).toBeGreaterThanOrEqual(1);
  expect(summary.entries).toBeGreaterThanOrEqual(1);
  expect(summary.fills).toBeGreaterThanOrEqual(2);
  expect(summary.trades).toBeGreaterThanOrEqual(1);
});

test("[ORD-4] each closed trade leaves a log line with its reason and its net profit", () => {
  const closed = daemon.log.filter((line) => line["code"] === "TRADE_CLOSED");
  expect(closed).toHaveLength(summary.trades);
  const net = closed.reduce((sum, line) => sum + Number(line["net"]), 0);
  expect(net).toBeCloseTo(Number(summary.pnl_net), 6);
});

test("[EXE-6] positions that meet neither stop nor target are closed at their time limit", () => {
  const reasons = daemon.log.filter((line) => line["code"] === "TRADE_CLOSED").map((line) => line["exitReason"]);
  expect(reasons).toContain("MAX_HOLD");
});

test("[ORD-3] no position is without a live stop for longer than 250 ms and two round trips", () => {
  expect(summary.unprotected_ms_max).toBeLessThanOrEqual(nakedMillisMax(summary));
});

test("[ORD-3] every position that is left at the end is protected", () => {
  expect(summary.positions).toHaveLength(summary.open_positions);
  expect(summary.positions.filter((position) => !position.protected)).toEqual([]);
});

test("[OPS-1] a run without trouble is not in safe mode and logs no error", () => {
  const errors = daemon.log.filter((line) => line["level"] === "error");
  expect([summary.safe_mode, errors]).toEqual([false, []]);
});
