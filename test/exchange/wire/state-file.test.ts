import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lockDirectory } from "../../../src/exchange/wire/directory-lock.ts";
import { makeDirectory, readStateFile, StateFile, StateFileError } from "../../../src/exchange/wire/state-file.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "scalpd-state-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function fileOf(saved: () => unknown): StateFile {
  return new StateFile(
    directory,
    () => ({ instance: "paper-1", saved: saved() }),
    (error) => expect.fail(String(error)),
  );
}

test("[SIM-1] a directory without a file has no state", () => {
  expect(readStateFile(directory)).toBeNull();
});

test("[SIM-1] changes are written together, soon after, without being asked", async () => {
  let value = 1;
  const file = fileOf(() => value);
  file.changedNow();
  value = 2;
  file.changedNow();
  await vi.waitUntil(() => readStateFile(directory) !== null);
  expect(readStateFile(directory)).toEqual({ instance: "paper-1", saved: 2 });
  file.close();
});

test("[SIM-1] closing writes the last state at once and leaves no half-written file", () => {
  const file = fileOf(() => "last");
  file.changedNow();
  file.close();
  expect([readStateFile(directory)?.saved, existsSync(join(directory, "exchange.json.last"))]).toEqual(["last", false]);
});

test("[SIM-1] a damaged file is an error that names it", () => {
  const path = join(directory, "exchange.json");
  writeFileSync(path, '{"format":1,');
  expect(() => readStateFile(directory)).toThrow(`${path} is damaged`);
});

test("[SIM-1] a directory that cannot be made is an error that names it", () => {
  const path = join(directory, "file");
  writeFileSync(path, "");
  expect(() => makeDirectory(path)).toThrow(StateFileError);
  expect(() => makeDirectory(path)).toThrow(path);
});

test("[SIM-1] a directory has one exchange at a time", async () => {
  const lock = await lockDirectory(directory);
  await expect(lockDirectory(directory)).rejects.toThrow(`${directory} is in use by another exchange`);
  lock.release();
  const next = await lockDirectory(directory);
  expect(next).toBeDefined();
  next.release();
});

test("[SIM-1] a file that is being replaced is whole at every moment", async () => {
  const file = fileOf(() => "x".repeat(100_000));
  file.changedNow();
  const path = join(directory, "exchange.json");
  await vi.waitUntil(
    () => {
      // Throws when the file is there and not whole.
      if (existsSync(path)) JSON.parse(readFileSync(path, "utf8"));
      return existsSync(path);
    },
    { interval: 1 },
  );
  file.close();
  expect(readStateFile(directory)?.saved).toHaveLength(100_000);
});
