import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { losing, Stage } from "./support.ts";

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

afterEach(async () => await stage.close());

test("[RSK-4] a halt for the daily loss outlives a kill: the next run enters nothing and tells it no second time", async () => {
  writeFileSync(stage.config, `${losing}risk: { session: { max_daily_loss_abs: 1 } }\n`);
  const exchange = await stage.exchange();
  const first = stage.daemon(exchange);
  await first.line("HALTED");
  // The row is committed in a group: what is killed before has told nothing yet.
  await expect.poll(() => stage.told("HALTED"), { timeout: 10_000 }).toBe(1);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  const second = stage.daemon(exchange, "--for", "6s", "--json");
  const status = await second.line("STATUS_SESSION");
  expect(status).toMatchObject({ hold: "halt", reason: "MAX_DAILY_LOSS_REACHED" });
  const summary = JSON.parse(await second.lastOutput());
  expect(summary.blocked).toMatchObject({ HALTED: expect.any(Number) });
  expect(second.seen.filter(({ code }) => code === "ENTERING")).toEqual([]);
  expect(summary.open_positions).toBe(0);
  expect([stage.told("DAILY_LOSS_HIT"), stage.told("HALTED")]).toEqual([1, 1]);
});

test("[RSK-4] a flatten that a kill interrupts is brought to its end by the next run", async () => {
  writeFileSync(stage.config, `${losing}risk: { session: { max_daily_loss_abs: 0.4, on_violation: flatten } }\n`);
  const exchange = await stage.exchange();
  const first = stage.daemon(exchange);
  await first.line("FLATTENING");
  // Rows wait up to `store.commit_interval_ms` for their commit: what came later than that is the next run's to find out.
  await vi.waitUntil(() => stage.told("FLATTENING") > 0, { interval: 10, timeout: 5_000 });
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  const second = stage.daemon(exchange, "--for", "8s", "--json");
  const summary = JSON.parse(await second.lastOutput());
  expect([summary.open_positions, summary.safe_mode]).toEqual([0, false]);
  expect(stage.told("FLATTENED")).toBeGreaterThanOrEqual(1);
  expect(second.seen.filter(({ code }) => code === "ENTERING")).toEqual([]);
});

test("[CFG-4] a running daemon takes a changed file over, refuses what it cannot change, and keeps going on a broken one", async () => {
  writeFileSync(stage.config, losing);
  const exchange = await stage.exchange();
  const daemon = stage.daemon(exchange);
  await daemon.line("STATUS_SESSION");
  writeFileSync(stage.config, `${losing}guardrails: { max_positions: 1 }\n`);
  expect(await daemon.line("SETTING_CHANGED")).toMatchObject({ change: "guardrails.max_positions: 2 → 1" });
  writeFileSync(stage.config, `${losing}order_id_prefix: zz\nguardrails: { max_positions: 3 }\n`);
  expect(await daemon.line("SETTINGS_REFUSED")).toMatchObject({
    level: "error",
    message: expect.stringContaining("order_id_prefix cannot change while the daemon runs"),
  });
  writeFileSync(stage.config, `${losing}guardrails: { max_positions: none, cooldown_secs: 1 }\n`);
  const invalid = await daemon.line("SETTINGS_INVALID");
  expect(invalid).toMatchObject({ level: "error", problems: 2 });
  expect(invalid["message"]).toMatch(
    /guardrails\.max_positions is "none".*guardrails\.cooldown_secs is not a known key/,
  );
  writeFileSync(stage.config, `${losing}guardrails: { max_positions: 4 }\n`);
  expect(await daemon.line("SETTING_CHANGED")).toMatchObject({ change: "guardrails.max_positions: 1 → 4" });
});

test("[RSK-7] a run of losses halts the daemon, and says who did it", async () => {
  const rule = "supervisor: { run_of_losses: { enabled: true, losses: 2 } }\n";
  writeFileSync(stage.config, losing + rule);
  const daemon = stage.daemon(await stage.exchange());
  expect(await daemon.line("HALTED")).toMatchObject({ by: "run_of_losses", reason: "HALTED" });
  expect(daemon.seen.filter(({ code }) => code === "TRADE_CLOSED")).toHaveLength(2);
  await daemon.line("STATUS_SESSION");
  expect(await daemon.line("STATUS_SESSION")).toMatchObject({ hold: "halt", reason: "HALTED" });
});

test("[RSK-7] a run of losses that a restart interrupts halts as if it had not", async () => {
  writeFileSync(stage.config, `${losing}supervisor: { run_of_losses: { enabled: true, losses: 6 } }\n`);
  const exchange = await stage.exchange();
  const first = stage.daemon(exchange);
  await first.line("TRADE_CLOSED");
  await first.line("TRADE_CLOSED");
  first.child.kill("SIGTERM");
  await first.lastOutput();
  const second = stage.daemon(exchange);
  expect(await second.line("HALTED")).toMatchObject({ by: "run_of_losses" });
  const closed = [...first.seen, ...second.seen].filter(({ code }) => code === "TRADE_CLOSED");
  expect(closed).toHaveLength(6);
});

test("[CFG-4] SIGHUP has the file read again, and ends nothing", async () => {
  writeFileSync(stage.config, losing);
  const daemon = stage.daemon(await stage.exchange(), "--for", "5s", "--json");
  await daemon.line("STATUS_SESSION");
  daemon.child.kill("SIGHUP");
  expect(JSON.parse(await daemon.lastOutput())).toMatchObject({ failure: null });
});
