import fc from "fast-check";
import { expect, test } from "vitest";
import type { Notice } from "../../src/domain/output.ts";
import { type Fields, openLog, shownFields } from "../../src/ops/log.ts";

test("[OPS-1] an event is one line of JSON with time, level, code, symbol and its fields", () => {
  const [line = ""] = logged({ trade: "3k9f2x1a", lots: 10, maker: true, stop: null }, "BTCUSDT");
  const { time, ...rest } = JSON.parse(line);
  expect(rest).toEqual({
    level: "info",
    code: "ENTERING",
    symbol: "BTCUSDT",
    trade: "3k9f2x1a",
    lots: 10,
    maker: true,
    stop: null,
  });
  expect(Date.parse(time)).toBeGreaterThan(Date.parse("2024-01-01"));
});

test("[OPS-1] text under a name that nobody has allowed is hidden; numbers pass", () => {
  const [line = ""] = logged({ xyz: "canary-7f3a", signature: "canary-7f3a", count: 3 }, null);
  expect(line).not.toContain("canary");
  expect(JSON.parse(line)).toMatchObject({ xyz: "[hidden]", signature: "[hidden]", count: 3 });
});

test("[OPS-1] whatever the fields hold, an event stays one line without control characters, of bounded length", () => {
  const name = fc.oneof(fc.constantFrom("message", "reason", "level", "__proto__"), fc.string({ unit: "binary" }));
  const value = fc.oneof(fc.string({ unit: "binary", maxLength: 2_000 }), fc.double(), fc.boolean(), fc.constant(null));
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 50 }), fc.string({ unit: "binary" }), (fields, symbol) => {
      const lines = logged(fields, symbol);
      expect(lines).toHaveLength(1);
      const [line = ""] = lines;
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(JSON.parse(line)).toMatchObject({ level: "info", code: "ENTERING" });
      expect(line.length).toBeLessThan(150_000);
    }),
    { numRuns: 300 },
  );
});

test("[OPS-1] line breaks, terminal codes and a megabyte of text are escaped and cut", () => {
  const { message } = shownFields({ message: `a\nb\u001b[31m\u2028${"x".repeat(1_000_000)}` });
  expect(String(message)).toMatch(/^a\\u000ab\\u001b\[31m\\u2028x{480,500}…$/);
});

test("[OPS-1] what is below the configured level is not written", () => {
  const lines: string[] = [];
  const log = openLog({ level: "warn", readable: false, write: (line) => lines.push(line) });
  log.debug("A");
  log.info("B");
  log.warn("C");
  log.error("D", { error: "broken" });
  expect(lines.map((line) => JSON.parse(line).code)).toEqual(["C", "D"]);
});

test("[OPS-1] with a terminal attached an event is one readable line", () => {
  const lines: string[] = [];
  const log = openLog({ level: "info", readable: true, write: (line) => lines.push(line) });
  log.notice(notice({ side: "buy", lots: 10 }), "BTCUSDT");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: ENTERING \{.*"symbol":"BTCUSDT".*"side":"buy".*"lots":10\}\n$/,
  );
});

function logged(fields: Fields, symbol: string | null): string[] {
  const lines: string[] = [];
  openLog({ level: "debug", readable: false, write: (line) => lines.push(line) }).notice(notice(fields), symbol);
  return lines;
}

function notice(fields: Fields): Notice {
  return { kind: "notice", level: "info", code: "ENTERING", symbol: null, fields };
}
