/** SAFE MODE as an outside system sees it, and ends it. */

import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { ApiBench, newDirectory, removeDirectories } from "./bench.ts";

let bench: ApiBench;

beforeEach(async () => {
  bench = await ApiBench.open({}, newDirectory());
});

afterEach(async () => await bench.close());
afterAll(() => removeDirectories());

const Status = z.object({ safe_mode: z.object({ reason: z.string(), reasons: z.array(z.string()) }).nullable() });

async function safeMode(): Promise<z.infer<typeof Status>["safe_mode"]> {
  return Status.parse((await bench.ask("GET", "/v1/status")).body).safe_mode;
}

test("[SAF-3] the status tells every cause, and a resume ends it", async () => {
  bench.core.tell({ kind: "venue-unknown", what: "code", detail: "-9999" });
  bench.core.tell({ kind: "venue-unknown", what: "status", detail: "PENDING" });
  const inside = await safeMode();
  const { status } = await bench.ask("POST", "/v1/control", { body: { action: "resume", by: "me" } });
  expect([inside, status, await safeMode()]).toEqual([
    { reason: "UNKNOWN_CODE", reasons: ["UNKNOWN_CODE", "UNKNOWN_STATUS"] },
    202,
    null,
  ]);
});

test("[SAF-3] a resume whose cause is not proven gone is taken, and the status says that it goes on", async () => {
  bench.core.tell({ kind: "store-failed", message: "disk full" });
  const { status } = await bench.ask("POST", "/v1/control", { body: { action: "resume", by: "me" } });
  expect([status, (await safeMode())?.reason]).toEqual([202, "STORE_FAILED"]);
});

test("[OPS-5] a token that may only trade ends no SAFE MODE", async () => {
  bench.core.tell({ kind: "venue-unknown", what: "code", detail: "-9999" });
  const token = "trade-0123456789abcdef012345";
  const { status } = await bench.ask("POST", "/v1/control", { token, body: { action: "resume" } });
  expect([status, (await safeMode())?.reason]).toEqual([403, "UNKNOWN_CODE"]);
});
