import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openLog } from "../../src/ops/log.ts";
import { rotatingFile } from "../../src/ops/rotating-file.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-log-"));
afterAll(() => rmSync(root, { recursive: true }));
const fresh = (): string => join(mkdtempSync(join(root, "l-")), "logs", "engine.log");
const line = (index: number): string => `${JSON.stringify({ index, text: "x".repeat(80) })}\n`;

test("[OPS-1] the log file holds the lines that standard error gets, as JSON, and nobody else may read it", async () => {
  const path = fresh();
  const file = rotatingFile({ path, bytesMax: 1_000_000, files: 3, onFailure: fail });
  const lines: string[] = [];
  const log = openLog({ level: "info", readable: true, write: (text) => lines.push(text), file });
  log.debug("NOT_LOGGED");
  log.warn("FOREIGN", { item: "an order\n\u001b[31m" });
  await file.settled();
  expect(lines).toHaveLength(1);
  const logged = readFileSync(path, "utf8");
  expect(logged.trimEnd().split("\n")).toHaveLength(1);
  expect(JSON.parse(logged)).toMatchObject({ level: "warn", code: "FOREIGN", item: "an order\\u000a\\u001b[31m" });
  expect(statSync(path).mode & 0o007).toBe(0);
});

test("[OPS-1] a large log file is put aside, and only so many are kept, with no line lost between them", async () => {
  const path = fresh();
  const file = rotatingFile({ path, bytesMax: 2_000, files: 4, onFailure: fail });
  for (let index = 0; index < 60; index += 1) {
    file.write(line(index));
    if (index % 10 === 9) await file.settled();
  }
  const names = readdirSync(join(path, "..")).toSorted();
  expect(names).toEqual(["engine.log", "engine.log.1", "engine.log.2"]);
  const oldestFirst = names.toReversed().map((name) => readFileSync(join(path, "..", name), "utf8"));
  const indices = oldestFirst
    .join("")
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text).index);
  expect(indices).toEqual(Array.from({ length: 60 }, (_, index) => index));
  for (let index = 60; index < 400; index += 1) {
    file.write(line(index));
    if (index % 10 === 9) await file.settled();
  }
  expect(readdirSync(join(path, "..")).toSorted()).toEqual([
    "engine.log",
    "engine.log.1",
    "engine.log.2",
    "engine.log.3",
  ]);
});

test("[OPS-1] one file alone begins anew when it is full", async () => {
  const path = fresh();
  const file = rotatingFile({ path, bytesMax: 500, files: 1, onFailure: fail });
  for (let index = 0; index < 50; index += 1) {
    file.write(line(index));
    await file.settled();
  }
  expect(readdirSync(join(path, ".."))).toEqual(["engine.log"]);
  expect(statSync(path).size).toBeLessThan(1_000);
});

test("[I-19] what the disk does not take is dropped and counted, told once, and writing goes on when it can", async () => {
  const path = fresh();
  const causes: string[] = [];
  const file = rotatingFile({ path, bytesMax: 1_000_000, files: 2, onFailure: (cause) => causes.push(cause) });
  mkdirSync(path);
  for (let round = 0; round < 3; round += 1) {
    file.write(line(round));
    await file.settled();
  }
  expect([file.dropped(), causes]).toEqual([3, ["EISDIR"]]);
  rmSync(path, { recursive: true });
  file.write(line(9));
  await file.settled();
  expect(readFileSync(path, "utf8")).toBe(line(9));
});

test("[I-19] lines that come faster than the disk takes them are dropped at a bound", () => {
  const file = rotatingFile({ path: fresh(), bytesMax: 1_000_000, files: 2, onFailure: fail });
  for (let index = 0; index < 50; index += 1) file.write("x".repeat(100_000));
  expect(file.dropped()).toBe(10);
});

test("[OPS-1] what waits at the end is written before the process leaves", () => {
  const path = fresh();
  const file = rotatingFile({ path, bytesMax: 1_000, files: 2, onFailure: fail });
  file.write(line(1));
  file.flush();
  expect(readFileSync(path, "utf8")).toBe(line(1));
});

function fail(cause: string): void {
  throw new Error(cause);
}
