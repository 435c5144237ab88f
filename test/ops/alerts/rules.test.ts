import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { alertCodes, ruleFor } from "../../../src/ops/alerts/rules.ts";

test("[OPS-2] every word in the table of alerts is one that the code says somewhere", () => {
  const said = sources("src").filter((path) => !path.endsWith("alerts/rules.ts"));
  const text = said.map((path) => readFileSync(path, "utf8")).join("\n");
  expect(alertCodes.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
});

test("[OPS-2] what endangers a position or ends trading is critical", () => {
  const critical = ["SAFE_MODE_ON", "POSITION_MISMATCH", "POSITION_TOO_LARGE", "HALTED", "FLATTENING", "DAEMON_FAILED"];
  for (const code of critical) expect(ruleFor({ code, level: "error", fields: {} })?.severity).toBe("critical");
  const cannotProtect = { code: "CLOSING", level: "warn", fields: { reason: "CANNOT_PROTECT" } } as const;
  expect(ruleFor(cannotProtect)?.severity).toBe("critical");
  const orphan = { code: "TRADE_ADOPTED", level: "warn", fields: { source: "adopted" } } as const;
  expect(ruleFor(orphan)?.severity).toBe("critical");
});

test("[OPS-2] a close for an ordinary reason is not told", () => {
  expect(ruleFor({ code: "CLOSING", level: "info", fields: { reason: "MAX_HOLD" } })).toBeNull();
});

function sources(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(directory, name));
}
