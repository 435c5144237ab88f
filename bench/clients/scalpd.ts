/**
 * The daemon as it is, both built-in sources running, against the benchmark's exchange, with the event loop polling
 * instead of sleeping. Arguments: REST URL, WebSocket URL, `session` or `signed`, `poll` or `sleep`, store directory.
 */

import { machineClock } from "../../src/host/clock.ts";
import { Daemon } from "../../src/host/daemon.ts";
import { openLog } from "../../src/ops/log.ts";
import { ed25519Signer, enteringSettings, hmacSigner } from "../lib/settings.ts";

/** Seconds, just below the gap between an order and the next tick: the source's own timer mostly comes after the tick. */
const entryInterval = 0.000_4;

const [rest = "", streams = "", kind, waiting, directory = ""] = process.argv.slice(2);
const daemon = new Daemon({
  settings: enteringSettings(directory, entryInterval),
  endpoints: { rest, streams, wsApi: streams, sapi: null },
  signer: kind === "session" ? ed25519Signer() : hmacSigner(),
  instance: "bench",
  keyPermissions: "absent",
  log: openLog({ level: "info", readable: false }),
  clock: machineClock(),
});
void daemon.ended.then(() => process.exit(1));
daemon.start();
if (waiting === "poll") poll();

/** An immediate that is always there keeps the loop from going to sleep. */
function poll(): void {
  setImmediate(poll);
}
