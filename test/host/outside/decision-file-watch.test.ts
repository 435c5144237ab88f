import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ReadDecision } from "../../../src/host/outside/decision-file.ts";
import { DecisionFileWatch } from "../../../src/host/outside/decision-file-watch.ts";
import { instrument, settingsWith, start } from "../../support/core.ts";

let directory: string;
let path: string;
let reads: ReadDecision[];
let watch: DecisionFileWatch;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "scalpd-decision-"));
  path = join(directory, "decision.json");
  reads = [];
  watch = new DecisionFileWatch({
    settings: { ...settingsWith({}).decision_file, path },
    instruments: [instrument],
    clock: () => start,
    onRead: (read) => reads.push(read),
  });
});

afterEach(() => {
  watch.close();
  rmSync(directory, { recursive: true });
});

function flat(id: string): string {
  return JSON.stringify({ action: "flat", id, time: Math.floor(start / 1_000) });
}

function written(file: string, text: string): string {
  writeFileSync(file, text);
  return file;
}

function ids(): readonly string[] {
  return reads.map((read) => (read.state === "decision" ? read.decision.id : read.state));
}

test("[DEC-6] a file is read when it appears and when it changes, and not in between", async () => {
  await watch.look();
  writeFileSync(path, flat("a"));
  await watch.look();
  await watch.look();
  writeFileSync(`${path}.new`, flat("b"));
  renameSync(`${path}.new`, path);
  await watch.look();
  expect(ids()).toEqual(["file-a", "file-b"]);
});

test("[DEC-6] a half-written file is never acted on: it counts only when it stays so", async () => {
  writeFileSync(path, flat("a").slice(0, 20));
  await watch.look();
  writeFileSync(path, flat("a"));
  await watch.look();
  expect(ids()).toEqual(["file-a"]);
});

test("[F-38] a decision whose file is cut at any byte, or full of NUL, later on neither counts again nor is taken back", async () => {
  const whole = flat("a");
  writeFileSync(path, whole);
  await watch.look();
  for (let length = whole.length - 1; length >= 0; length -= 1) {
    writeFileSync(path, whole.slice(0, length).padEnd(length % 2 === 0 ? length : whole.length, "\0"));
    for (let turn = 0; turn < 3; turn += 1) await watch.look();
  }
  expect(
    reads.filter(({ state }) => state === "decision").map((read) => "decision" in read && read.decision.id),
  ).toEqual(["file-a"]);
});

test("[DEC-6] a file that stays malformed is told once", async () => {
  writeFileSync(path, "{");
  for (let i = 0; i < 4; i += 1) await watch.look();
  expect(ids()).toEqual(["malformed"]);
});

test("[DEC-6] a file that disappears takes nothing back", async () => {
  writeFileSync(path, flat("a"));
  await watch.look();
  rmSync(path);
  await watch.look();
  await watch.look();
  expect(ids()).toEqual(["file-a"]);
});

test("[DEC-6] while files are swapped under it only whole ones are read", async () => {
  for (let i = 0; i < 200; i += 1) {
    const looking = watch.look();
    writeFileSync(`${path}.new`, flat(`n${i}`));
    renameSync(`${path}.new`, path);
    await looking;
  }
  expect(ids().length).toBeGreaterThan(1);
  expect(ids().filter((id) => !id.startsWith("file-n"))).toEqual([]);
});

test.each([
  ["a directory", () => mkdirSync(path)],
  ["a link", () => symlinkSync(written(`${path}.real`, flat("a")), path)],
  ["a link to itself", () => symlinkSync(path, path)],
  ["a pipe", () => execFileSync("mkfifo", [path])],
  ["a file of 65 kB", () => writeFileSync(path, " ".repeat(65 * 1_024))],
  ["a sparse file of 10 GB", () => truncateSync(written(path, ""), 10 * 1_024 ** 3)],
  ["a file that anybody may write", () => chmodSync(written(path, flat("a")), 0o666)],
  ["bytes that are not UTF-8", () => writeFileSync(path, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
])("[DEC-6] %s in its place is malformed, and nothing waits for it", async (_name, make) => {
  make();
  await watch.look();
  await watch.look();
  expect(ids()).toEqual(["malformed"]);
});

test("[DEC-6] a terminal in its place is refused, and does not become ours", async () => {
  symlinkSync("/dev/tty", path);
  await watch.look();
  await watch.look();
  expect(ids()).toEqual(["malformed"]);
});
