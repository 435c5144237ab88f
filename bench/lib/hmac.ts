/** The unit that in-process goals are measured in: one `createHmac` with a KeyObject over 200 bytes. */

import { createHmac, createSecretKey } from "node:crypto";
import { assert } from "../../src/domain/assert.ts";
import { nanosOf } from "./measure.ts";
import { apiSecret } from "./settings.ts";

const hmacsPerRound = 80_000;

export function nanosPerHmac(): number {
  const key = createSecretKey(Buffer.from(apiSecret));
  const payload = "q".repeat(200);
  let length = 0;
  const nanos = nanosOf(() => {
    for (let i = 0; i < hmacsPerRound; i += 1) length += createHmac("sha256", key).update(payload).digest("hex").length;
  });
  assert(length === hmacsPerRound * 64, "the HMAC has another length");
  return nanos / hmacsPerRound;
}
