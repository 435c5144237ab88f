import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const script = join(import.meta.dirname, "../../scripts/test-counts.ts");
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "scalpd-counts-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Exit code and standard output for a report of vitest. */
function counts(report: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const path = join(folder, "report.json");
  writeFileSync(path, report);
  return new Promise((settle) => {
    const child = execFile(process.execPath, [script, path], (_error, output) =>
      settle({ code: child.exitCode, output }),
    );
  });
}

function report(counted: {
  passed?: number;
  failed?: number;
  skipped?: number;
  todo?: number;
  broken?: number;
}): string {
  const { passed = 0, failed = 0, skipped = 0, todo = 0, broken = 0 } = counted;
  const brokenFile = { name: "broken.test.ts", status: "failed", assertionResults: [] };
  return JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: todo,
    testResults: Array.from({ length: broken }, () => brokenFile),
  });
}

test("passed tests alone are a success, and their count is the closing line", async () => {
  expect(await counts(report({ passed: 12 }))).toEqual({ code: 0, output: "12 passed, 0 failed\n" });
});

test.each([
  ["a failed test", report({ passed: 12, failed: 2 }), "12 passed, 2 failed\n"],
  ["a file that did not load", report({ passed: 12, broken: 1 }), "12 passed, 1 failed\n"],
  ["a skipped test", report({ passed: 12, skipped: 1 }), "12 passed, 0 failed\n"],
  ["a test that is still to do", report({ passed: 12, todo: 1 }), "12 passed, 0 failed\n"],
  ["no test at all", report({}), "0 passed, 0 failed\n"],
  ["something that is no report", "{}", ""],
  ["something that is no JSON", "passed", ""],
])("%s is a failure", async (_what, text, output) => {
  expect(await counts(text)).toEqual({ code: 1, output });
});
