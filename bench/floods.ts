/**
 * `npm run bench:floods`: what a flood of the interface, and a Bot API that misbehaves, cost an order. From the write of a
 * book ticker to the arrival of the order as in the wire benchmark, quiet and flooded in the same interleaved rounds.
 * `--rounds N`, `--only quiet,posts` select.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { at, present } from "../src/domain/assert.ts";
import { BotApi, token as botToken } from "../test/ops/telegram/bot-api.ts";
import { message } from "../test/ops/telegram/updates.ts";
import { shown, spread } from "./lib/measure.ts";
import { pinned, startFlags } from "./lib/process.ts";
import { compiledEcho, nanosOfTicks, type Start, script, startRest } from "./wire.ts";

const floods = ["posts", "strangers", "slow bodies", "deep JSON", "endless chunks"] as const;
const moods = ["hang", "too-many", "nonsense"] as const;
const names = ["quiet", ...floods, ...moods.map((mood) => `Bot API: ${mood}` as const), "Bot API: commands"] as const;
type Name = (typeof names)[number];

const apiToken = "control-0123456789abcdef0123";
/** Long enough for what a flood may do at once (`api.rate_burst`) to be over. */
const size = { ticks: 200, ticksMin: 40, warmupTicks: 100, runMillisMax: 60_000, between: "nap" } as const;
const commandsWaiting = 10_000;

/** Microseconds, share of one core that the main thread took, and MB. */
type Figure = { readonly p50: number; readonly p99: number; readonly busy: number; readonly megabytes: number };

/** How often the flooder was answered with which status, and what else it counts. */
const Answers = z.record(z.string(), z.number());
const Told = z.object({ busy: z.number(), kilobytes: z.number() });

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, only: { type: "string" } } });
const wanted = new Set(values.only?.split(",") ?? names);
const directory = mkdtempSync(join(tmpdir(), "scalpd-floods-"));
try {
  const echo = compiledEcho(directory);
  if (echo === null) throw new Error("needs a C compiler (cc)");
  await measure(
    echo,
    names.filter((name) => wanted.has(name)),
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function measure(echo: string, chosen: readonly Name[]): Promise<void> {
  const rest = await startRest();
  const url = `http://127.0.0.1:${(rest.address() as AddressInfo).port}`;
  const figures = new Map<Name, Figure[]>(chosen.map((name) => [name, []]));
  const failures = new Map<Name, string>();
  try {
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (let turn = 0; turn < chosen.length; turn += 1) {
        const name = present(chosen[(round + turn) % chosen.length], "name");
        const figure = await once(echo, url, name, round).catch((error: unknown) => String(error));
        process.stderr.write(`${name}: ${JSON.stringify(figure)}\n`);
        if (typeof figure === "string") failures.set(name, figure);
        else figures.get(name)?.push(figure);
      }
    }
  } finally {
    rest.close();
    rest.closeAllConnections();
  }
  const quiet = figures.get("quiet") ?? [];
  for (const [name, list] of figures) {
    if (list.length === 0) {
      process.stdout.write(`${name.padEnd(20)} not measured: ${failures.get(name)}\n`);
      continue;
    }
    const ratio = list.map(({ p50 }, round) => p50 / (quiet[round]?.p50 ?? p50));
    const micro = (pick: (figure: Figure) => number): string => shown(spread(list.map(pick)), 1);
    process.stdout.write(
      `${name.padEnd(20)} p50 ${micro(({ p50 }) => p50)} µs, p99 ${micro(({ p99 }) => p99)} µs, ` +
        `÷ quiet ${shown(spread(ratio), 2)}, main thread ${micro(({ busy }) => 100 * busy)} % of a core, memory at most ${micro(({ megabytes }) => megabytes)} MB\n`,
    );
  }
}

async function once(echo: string, rest: string, name: Name, round: number): Promise<Figure> {
  const own = join(directory, `${name.replaceAll(/\W/g, "-")}-${round}`);
  mkdirSync(own);
  const bot = await misbehaving(name);
  let flooder: ChildProcess | null = null;
  const start: Start = (_, streams) => {
    process.env["SCALPD_API_TOKEN"] = apiToken;
    process.env["SCALPD_TELEGRAM_TOKEN"] = botToken;
    const awaited = isFlood(name) ? [join(own, "answers")] : [];
    const client = script("flooded.ts", [rest, streams, own, bot.root, ...awaited], startFlags());
    const lines = createInterface({ input: client.stdout ?? process.stdin });
    lines.once("line", (url) => {
      if (isFlood(name)) flooder = flood(url, name, join(own, "answers"));
    });
    return client;
  };
  try {
    const nanos = await nanosOfTicks(echo, start, "refuse", size);
    const micros = (share: number): number => at(nanos, Math.floor(share * (nanos.length - 1))) / 1_000;
    const { busy, kilobytes } = Told.parse(JSON.parse(readFileSync(join(own, "told"), "utf8")));
    if (isFlood(name)) tellAnswers(name, readFileSync(join(own, "answers"), "utf8"));
    return { p50: micros(0.5), p99: micros(0.99), busy, megabytes: kilobytes / 1_024 };
  } finally {
    (flooder as ChildProcess | null)?.kill("SIGKILL");
    await bot.close();
  }
}

/** @throws {Error} there was no flood, so that what was measured is no figure of it */
function tellAnswers(name: Name, text: string): void {
  const { seconds = 0, ...counts } = Answers.parse(JSON.parse(text));
  if (Object.values(counts).every((count) => count === 0)) throw new Error("the flood did not come about");
  process.stderr.write(`${name} for ${seconds.toFixed(1)} s was answered: ${JSON.stringify(counts)}\n`);
}

function isFlood(name: Name): name is (typeof floods)[number] {
  return floods.some((one) => one === name);
}

function flood(url: string, kind: (typeof floods)[number], counted: string): ChildProcess {
  const path = fileURLToPath(new URL("./clients/flooder.ts", import.meta.url));
  const known = kind === "strangers" ? "stranger" : apiToken;
  // On the exchange's core, which must not wait for it: what is measured is the daemon. It has what the exchange's naps leave.
  return spawn(...pinned(0, "nice", ["-n", "19", process.execPath, path, url, kind, known, counted]));
}

async function misbehaving(name: Name): Promise<BotApi> {
  const bot = await BotApi.open();
  const mood = moods.find((one) => name === `Bot API: ${one}`);
  if (mood !== undefined) bot.mood = mood;
  if (name === "Bot API: commands") {
    // What came before the daemon's start is dropped by it.
    void bot.until(() => bot.calls.includes("deleteWebhook")).then(() => bot.queue(...commands()));
  }
  return bot;
}

function commands(): readonly Readonly<Record<string, unknown>>[] {
  const date = Math.floor(Date.now() / 1_000) + 1;
  return Array.from({ length: commandsWaiting }, (_, id) => message("/status", { date }, id + 1));
}
