import { expect, test } from "vitest";
import { changeText, settingsChange } from "../../src/host/settings-change.ts";
import { type SettingsChanges, settings, settingsWith } from "../support/core.ts";

test("[CFG-4] a change is told path by path, with old and new", () => {
  const wanted = settingsWith({ guardrails: { max_positions: 1 }, log: { level: "debug" } });
  const change = settingsChange(settings, wanted);
  expect(change).toMatchObject({ kind: "applicable" });
  expect(change.kind === "same" ? [] : change.changes.map(changeText)).toEqual([
    `guardrails.max_positions: ${settings.guardrails.max_positions} → 1`,
    'log.level: "info" → "debug"',
  ]);
});

test("[CFG-4] a file that says the same is no change", () => {
  expect(settingsChange(settings, settingsWith({}))).toEqual({ kind: "same" });
});

const fixedParts: readonly (readonly [string, SettingsChanges])[] = [
  ["symbols", { symbols: ["BTCUSDT"] }],
  ["order_id_prefix", { order_id_prefix: "xx" }],
  ["venue.recv_window_ms", { venue: { recv_window_ms: 1_000 } }],
  ["exchange.speed", { exchange: { speed: 2 } }],
  ["store.directory", { store: { directory: "elsewhere" } }],
  ["market.book_window_ticks", { market: { book_window_ticks: 2_048 } }],
  ["risk.max_leverage", { risk: { max_leverage: 3 } }],
];

test.each(fixedParts)(
  "[CFG-4] %s cannot change while the daemon runs, and then nothing else of the file does either",
  (path, part) => {
    const change = settingsChange(settings, settingsWith({ ...part, log: { level: "debug" } }));
    expect(change.kind).toBe("refused");
    expect(change.kind === "refused" ? change.problems : []).toEqual([
      expect.stringMatching(new RegExp(`^${path.replaceAll(".", "\\.")} cannot change while the daemon runs: .+`)),
    ]);
  },
);

test("[CFG-4] a symbol's own values are told one by one, and refused like the common ones", () => {
  const one = settingsChange(settings, settingsWith({ overrides: { ETHUSDT: { risk: { max_notional: 500 } } } }));
  expect(one).toEqual({
    kind: "applicable",
    changes: [{ path: "overrides.ETHUSDT.risk.max_notional", from: undefined, to: 500 }],
  });
  const two = settingsChange(settings, settingsWith({ overrides: { ETHUSDT: { risk: { max_leverage: 3 } } } }));
  expect(two.kind).toBe("refused");
});
