import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type SettingsWatch, watchSettings } from "../../src/host/settings-watch.ts";

const directory = mkdtempSync(join(tmpdir(), "scalpd-watch-"));
const file = join(directory, "settings.yaml");
const open: SettingsWatch[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  rmSync(file, { force: true });
});

type Seen = { readonly kind: "settings"; readonly level: string } | { readonly kind: "invalid"; readonly text: string };

test("[CFG-4] a changed file is read whole, with what the command line said on top", async () => {
  writeFileSync(file, "log: { level: info }\n");
  const next = watching({ "exchange.speed": 7 });
  writeFileSync(file, "log: { level: debug }\n");
  expect(await next()).toEqual({ kind: "settings", level: "debug 7" });
});

test("[CFG-4] a file that is replaced, as editors do, is read again, and again", async () => {
  writeFileSync(file, "log: { level: info }\n");
  const next = watching();
  for (const level of ["debug", "warn"]) {
    writeFileSync(`${file}~`, `log: { level: ${level} }\n`);
    renameSync(`${file}~`, file);
    expect(await next()).toEqual({ kind: "settings", level: `${level} 1` });
  }
});

test("[CFG-4] several writes in a row are read once, when the file is left alone", async () => {
  writeFileSync(file, "log: { level: info }\n");
  const next = watching();
  for (const level of ["debug", "warn", "error"]) writeFileSync(file, `log: { level: ${level} }\n`);
  expect(await next()).toEqual({ kind: "settings", level: "error 1" });
});

test("[CFG-4] an invalid file is told with every problem at once", async () => {
  writeFileSync(file, "log: { level: info }\n");
  const next = watching();
  writeFileSync(file, "log: { level: loud }\nstop: { polcy: flatten }\n");
  const seen = await next();
  expect(seen).toMatchObject({ kind: "invalid", text: expect.stringContaining("log.level is") });
  expect(seen).toMatchObject({ text: expect.stringContaining("stop.polcy is not a known key") });
});

test("[CFG-4] SIGHUP reads the file at once", async () => {
  writeFileSync(file, "log: { level: warn }\n");
  const next = watching();
  process.emit("SIGHUP", "SIGHUP");
  expect(await next()).toEqual({ kind: "settings", level: "warn 1" });
});

const whole = "risk:\n  max_notional: 200\nlog:\n  level: info\n";

test("[CFG-4] a file that was cut at a line's end is refused with what is gone from it, and the whole one taken", async () => {
  writeFileSync(file, `${whole}guardrails:\n  max_positions: 1\n`);
  const next = watching();
  writeFileSync(file, whole);
  expect(await next()).toMatchObject({
    kind: "invalid",
    text: expect.stringMatching(
      /^\S+settings\.yaml: no longer names guardrails\.max_positions \(was 1\)\. .* SIGHUP or a restart$/,
    ),
  });
  writeFileSync(file, `${whole}guardrails:\n  max_positions: 2\n`);
  expect(await next()).toEqual({ kind: "settings", level: "info 1" });
});

test.each(["", "# nothing yet\n"])("[CFG-4] an empty file is refused: %j", async (text) => {
  writeFileSync(file, whole);
  const next = watching();
  writeFileSync(file, text);
  const seen = await next();
  expect(seen).toMatchObject({ kind: "invalid", text: expect.stringContaining("is empty; no longer names") });
  expect(seen).toMatchObject({ text: expect.stringContaining('risk.max_notional (was 200), log.level (was "info")') });
});

test("[CFG-4] SIGHUP takes a file as it is, and from then on it is the one that counts", async () => {
  writeFileSync(file, whole);
  const next = watching();
  writeFileSync(file, "log: { level: warn }\n");
  process.emit("SIGHUP", "SIGHUP");
  expect(await next()).toEqual({ kind: "settings", level: "warn 1" });
  writeFileSync(file, "log: { level: debug }\n");
  expect(await next()).toEqual({ kind: "settings", level: "debug 1" });
});

test("[CFG-4] what a file named that did not come into force may go from it again", async () => {
  writeFileSync(file, whole);
  const next = watching();
  writeFileSync(file, `${whole.replace("info", "error")}order_id_prefix: zz\n`);
  expect(await next()).toEqual({ kind: "settings", level: "error 1" });
  writeFileSync(file, whole);
  expect(await next()).toEqual({ kind: "settings", level: "info 1" });
});

function watching(overrides: Readonly<Record<string, unknown>> = {}): () => Promise<Seen> {
  const seen: Seen[] = [];
  let wake = Promise.withResolvers<void>();
  const tell = (one: Seen): void => {
    seen.push(one);
    wake.resolve();
  };
  open.push(
    watchSettings({
      file,
      overrides,
      debounceMillis: 30,
      onSettings: ({ log, exchange }) => {
        tell({ kind: "settings", level: `${log.level} ${exchange.speed}` });
        return log.level !== "error";
      },
      onInvalid: (problems) => tell({ kind: "invalid", text: problems.join("\n") }),
    }),
  );
  return async () => {
    while (seen.length === 0) {
      await wake.promise;
      wake = Promise.withResolvers<void>();
    }
    const [one] = seen.splice(0, 1);
    if (one === undefined) throw new Error("nothing was seen");
    return one;
  };
}
