/**
 * The daemon as it is, with what can be flooded: its interface, alerts by a Bot API and commands from it. Prints the
 * address of the interface, and writes what it takes of a core and of memory to the file `told` once a second. Arguments:
 * REST URL, WebSocket URL, store directory, root of the Bot API, and the file without which it does not begin to trade, if
 * any: it is there once the flooder runs. The tokens come from the environment.
 */

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Settings } from "../../src/config/schema.ts";
import { readSecrets } from "../../src/config/secrets.ts";
import { present } from "../../src/domain/assert.ts";
import { startDaemonApi } from "../../src/host/api/start.ts";
import { tokensFrom } from "../../src/host/api/tokens.ts";
import { machineClock } from "../../src/host/clock.ts";
import { Daemon } from "../../src/host/daemon.ts";
import { openOperations } from "../../src/host/operations.ts";
import { ed25519Signer, enteringSettings } from "../lib/settings.ts";

const entryInterval = 0.000_4;
const tellMillis = 1_000;
const pollMillis = 10;
/** An alert of its own each time. */
const alertMillis = 100;

const [rest = "", streams = "", directory = "", api_root = "", awaited = directory] = process.argv.slice(2);
const base = enteringSettings(directory, entryInterval);
const settings = Settings.parse({
  ...base,
  api: { port: 0 },
  alerts: {
    critical_per_hour: 3_600,
    warning_per_hour: 3_600,
    info_per_hour: 3_600,
    telegram: { enabled: true, api_root, chat_ids: [7], user_ids: [7] },
  },
});
const clock = machineClock();
const secrets = readSecrets(join(directory, "none"), process.env);
const operations = await openOperations({ settings, secrets, clock });
const { log } = operations;
const daemon = new Daemon({
  settings,
  endpoints: { rest, streams, wsApi: streams, sapi: null },
  signer: ed25519Signer(),
  instance: "bench",
  keyPermissions: "absent",
  log,
  clock,
  takesIntents: true,
  journalListener: operations.journalListener,
});
void daemon.ended.then(() => process.exit(1));
const tokens = present(tokensFrom(secrets), "tokens");
const api = await startDaemonApi({ settings, tokens, daemon, clock, log, version: "0" });
await operations.attach(daemon, "bench");
let alerts = 0;
setInterval(() => {
  alerts += 1;
  log.error("DAEMON_FAILED", { message: `bench ${alerts}` });
}, alertMillis);
let before = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(before);
  before = process.threadCpuUsage();
  const told = { busy: (user + system) / (1_000 * tellMillis), kilobytes: process.resourceUsage().maxRSS };
  writeFileSync(join(directory, "told"), JSON.stringify(told));
}, tellMillis);
process.stdout.write(`${api.url}\n`);
// Whoever started this process ends it when that takes too long.
while (!existsSync(awaited)) await pause(pollMillis);
daemon.start();
