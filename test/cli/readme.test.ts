/** What the README shows of a command is what the command prints. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { backtestCommand } from "../../src/cli/backtest.ts";

const readme = readFileSync("README.md", "utf8");
const tapes = ["config/tapes/BTCUSDT-20240719.arrow", "config/tapes/ETHUSDT-20240719.arrow"];

/** The lines that stand below the command; the speed of a machine is none of them. */
function shown(command: string): readonly string[] {
  const [, after = ""] = readme.split(`$ npx scalpd ${command}\n`);
  return withoutSpeed(after.split("\n```", 1)[0] ?? "");
}

function printed(compareModes: boolean): readonly string[] {
  const lines: string[] = [];
  backtestCommand({
    tapes,
    config: "config/settings.yaml",
    json: false,
    compareModes,
    print: (line) => lines.push(line),
  });
  return withoutSpeed(lines.join("\n"));
}

function withoutSpeed(text: string): readonly string[] {
  return text.split("\n").filter((line) => !line.includes("events/s"));
}

test("[BT-1] the README shows what a backtest of the bundled tapes prints", () => {
  expect(shown(`backtest --tape ${tapes.join(" ")}`)).toEqual(printed(false));
});

test("[BT-1] the README shows what a comparison of the modes prints", () => {
  expect(shown(`backtest --tape ${tapes.join(" ")} --compare-modes`)).toEqual(printed(true));
});
