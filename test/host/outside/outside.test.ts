import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { start } from "../../support/core.ts";
import { ApiBench, newDirectory, removeDirectories } from "../api/bench.ts";

let bench: ApiBench | null = null;

afterEach(async () => {
  await bench?.close();
  bench = null;
});
afterAll(removeDirectories);

/** What stands in the file when the daemon begins. */
async function withFile(text: string): Promise<ApiBench> {
  const directory = newDirectory();
  const path = join(directory, "decision.json");
  writeFileSync(path, text);
  bench = await ApiBench.open({ decision_file: { enabled: true, path, poll_seconds: 0.05 } }, directory);
  return bench;
}

const long = {
  action: "long",
  id: "f1",
  time: Math.floor(start / 1_000),
  entry_zone: [63_000, 65_000],
  sl: 62_000,
  position_size_usdt: 500,
  leverage: 5,
};

test("[DEC-6] what stands in the file becomes an entry", async () => {
  const { core } = await withFile(JSON.stringify(long));
  await vi.waitUntil(() => core.trade !== null, { interval: 10 });
  expect(core.trade?.plan).toMatchObject({ source: "decision_file", decisionId: "file-f1", side: "buy" });
});

test("[DEC-6] the size in the file is a ceiling", async () => {
  const { core } = await withFile(JSON.stringify(long));
  await vi.waitUntil(() => core.trade !== null, { interval: 10 });
  // 7 lots of 64 USDT are the most below 500 USDT.
  expect(core.trade?.plan.quantity).toBe(7);
});

test("[DEC-6] a malformed file keeps everybody out, and says why", async () => {
  const opened = await withFile("{");
  await vi.waitUntil(() => opened.core.core.desks[0]?.lastDecision?.direction === "FLAT", { interval: 10 });
  const body = { intent_id: "i", symbol: "BTCUSDT", action: "OPEN_LONG" };
  await opened.ask("POST", "/v1/intents", { body });
  expect(opened.core.trade).toBe(null);
  const answer = await opened.ask("GET", "/v1/intents/i");
  expect(answer.body).toMatchObject({ status: "blocked", blocked: [{ reason: "DECISION_MALFORMED" }] });
});
