/**
 * Goal L6: from the bytes of the first fill report to the bytes of the stop that covers it, in process, ÷ one HMAC over
 * 200 bytes. Between two measurements the exchange takes all orders, the stop fills, and the next tick enters again.
 */

import { tmpdir } from "node:os";
import { createSources } from "../src/decision/sources.ts";
import { assert } from "../src/domain/assert.ts";
import { micros } from "../src/domain/units.ts";
import { feedStart, tickerFrame } from "./lib/frames.ts";
import type { Row } from "./lib/goals.ts";
import { nanosPerHmac } from "./lib/hmac.ts";
import { interleave, ratios, shown, spread } from "./lib/measure.ts";
import { Rig } from "./lib/rig.ts";
import { ed25519Signer, enteringSettings } from "./lib/settings.ts";
import { fillFrame } from "./lib/user-frames.ts";

const rounds = 7;
const warmups = 4;
const tradesPerRound = 1_000;
/** Trades are so far apart: the most that the settings allow an hour are not reached. */
const tradeMillis = 1_000;
const entryInterval = 0.000_5;
/** Thousands of trades of one benchmark are no reason to stop. */
const unlimited = { max_trades_per_hour: 5_000, max_daily_loss_abs: null, max_daily_loss_pct: null };
/** Ticks without an entry in a row: then something else than the measured path is at work. */
const idleMax = 50;

export async function benchProtection(): Promise<readonly Row[]> {
  const settings = enteringSettings(tmpdir(), entryInterval, unlimited);
  const rig = await Rig.start(
    settings,
    ed25519Signer(),
    (instrument, features) => createSources(settings.decision, instrument.symbol, features),
    feedStart,
  );
  const path = new StopPath(rig);
  const figures = await interleave(
    [
      { name: "stop", run: () => path.nanosPerStop() },
      { name: "hmac", run: nanosPerHmac },
    ],
    rounds,
    warmups,
  );
  await rig.close();
  const micro = (values: readonly number[]): string => shown(spread(values.map((nanos) => nanos / 1_000)), 2);
  return [
    {
      goal: "L6",
      what: "first fill report in → stop request out, in process ÷ one HMAC",
      ratio: ratios(figures.stop, figures.hmac),
      rounds,
      detail: `fill to stop ${micro(figures.stop)} µs, one HMAC ${micro(figures.hmac)} µs`,
    },
  ];
}

class StopPath {
  readonly #rig: Rig;
  #millis = feedStart + 10;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  /** Median over trades. */
  nanosPerStop(): number {
    const rig = this.#rig;
    const nanos: number[] = [];
    for (let trade = 0; trade < tradesPerRound; trade += 1) {
      this.#enter();
      const { clientOrderId, side, quantity, price } = rig.orderSeen();
      rig.accept(this.#millis);
      const fill = Buffer.from(
        fillFrame({
          clientOrderId,
          side,
          quantity,
          price,
          millis: this.#millis,
          serial: this.#millis,
          reduceOnly: false,
        }),
      );
      const stream = rig.stream("private");
      const began = process.hrtime.bigint();
      rig.onFrame(stream, fill, micros(this.#millis * 1_000));
      assert(rig.stopBytes > 0, "the fill gave no stop");
      nanos.push(Number(rig.stopAt - began));
      rig.stopOut(this.#millis);
    }
    return spread(nanos).median;
  }

  #enter(): void {
    this.#millis += tradeMillis + 1;
    this.#rig.refresh({ millis: this.#millis, serial: this.#millis, up: false });
    for (let tick = 0; tick < idleMax; tick += 1) {
      this.#millis += 1;
      const millis = this.#millis;
      this.#rig.market("public", tickerFrame({ millis, serial: millis, up: millis % 2 === 0 }), millis);
      if (this.#rig.orderBytes > 0) return;
    }
    assert(false, `no entry in ${idleMax} ticks`);
  }
}
