/** A process that opens the store and appends intents as fast as it can, until it is killed. It says what it has done. */

import { setImmediate } from "node:timers/promises";
import { openStore } from "../../src/store/open.ts";
import { fillRow, intentRow, optionsIn } from "./rows.ts";

const store = await openStore(optionsIn(process.argv[2] ?? ""));
const largest = 50_000;
for (let count = 0; count < largest; count += 1) {
  if (!store.intent(intentRow(`d${count}`))) break;
  store.append([fillRow(`f${count}`)]);
  process.stdout.write(`${count}\n`);
  if (count % 20 === 0) await setImmediate();
}
