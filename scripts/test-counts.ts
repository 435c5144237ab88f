/**
 * Reads the JSON report that vitest writes where CI_REPORT names a file, and closes with `N passed, M failed`. A run
 * without tests, or with skipped ones, is a failure: green must mean that everything was run.
 */

import { readFileSync } from "node:fs";
import { z } from "zod";

const Report = z.object({
  numPassedTests: z.number().int().min(0),
  numFailedTests: z.number().int().min(0),
  numPendingTests: z.number().int().min(0),
  numTodoTests: z.number().int().min(0),
  testResults: z.array(
    z.object({ name: z.string(), status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
});

type Report = z.infer<typeof Report>;

function main(path: string | undefined): number {
  if (path === undefined) return complain("usage: test-counts.ts REPORT");
  const report = read(path);
  if (typeof report === "string") return complain(report);
  const failed = report.numFailedTests + filesThatFailedOutsideTests(report);
  const skipped = report.numPendingTests + report.numTodoTests;
  if (skipped > 0) complain(`${skipped} tests were skipped`);
  if (report.numPassedTests === 0) complain("no test ran");
  process.stdout.write(`${report.numPassedTests} passed, ${failed} failed\n`);
  return failed > 0 || skipped > 0 || report.numPassedTests === 0 ? 1 : 0;
}

/** A file that does not load has no tests to fail, so it counts as one failure itself. */
function filesThatFailedOutsideTests(report: Report): number {
  return report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((result) => result.status === "failed"),
  ).length;
}

function read(path: string): Report | string {
  try {
    const parsed = Report.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data : `${path} is not a report of vitest:\n${z.prettifyError(parsed.error)}`;
  } catch (error) {
    return `${path} could not be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function complain(message: string): 1 {
  process.stderr.write(`test counts: ${message}\n`);
  return 1;
}

process.exitCode = main(process.argv[2]);
