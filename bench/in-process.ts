/**
 * Goal L5: from the bytes of a book ticker to the bytes of an order, in process: adapter, features, sources, risk, order
 * manager, log line, intent log, encoding, signature. Beside it one risk check alone. Both ÷ one HMAC over 200 bytes.
 */

import { tmpdir } from "node:os";
import { plainDecision } from "../src/decision/source.ts";
import { createSources } from "../src/decision/sources.ts";
import { assert, present } from "../src/domain/assert.ts";
import { micros, microsPerSecond, signedLots } from "../src/domain/units.ts";
import { Features } from "../src/market/features.ts";
import { checkRisk, type RiskInput } from "../src/risk/engine.ts";
import { newSession, onEquity } from "../src/risk/session.ts";
import type { Signer } from "../src/venue/transport.ts";
import { feedStart, type Step, tickerFrame } from "./lib/frames.ts";
import type { Row } from "./lib/goals.ts";
import { nanosPerHmac } from "./lib/hmac.ts";
import { interleave, nanosOf, ratios, shown, spread } from "./lib/measure.ts";
import { Rig } from "./lib/rig.ts";
import { ed25519Signer, enteringSettings, hmacSigner } from "./lib/settings.ts";

const rounds = 7;
const warmups = 4;
const ordersPerRound = 3_000;
const checksPerRound = 600_000;
/** The market's slower streams come this often, in book tickers a millisecond apart. */
const refreshEvery = 500;
/** Ticks are a millisecond apart. */
const entryInterval = 0.000_5;

export async function benchInProcess(): Promise<readonly Row[]> {
  const session = await OrderPath.start(ed25519Signer());
  const check = riskCheck(session.rig);
  const figures = await interleave(
    [
      { name: "session", run: () => session.nanosPerOrder() },
      { name: "risk", run: check },
      { name: "hmac", run: nanosPerHmac },
    ],
    rounds,
    warmups,
  );
  await session.rig.close();
  // Afterwards: a daemon has one adapter and one signer, and two of them in a process slow each other's calls down.
  const signed = await OrderPath.start(hmacSigner());
  const { signed: nanosSigned } = await interleave(
    [{ name: "signed", run: () => signed.nanosPerOrder() }],
    rounds,
    warmups,
  );
  await signed.rig.close();
  const micro = (values: readonly number[]): string => shown(spread(values.map((nanos) => nanos / 1_000)), 2);
  const hmac = `one HMAC ${micro(figures.hmac)} µs`;
  return [
    {
      goal: "L5",
      what: "frame bytes in → order bytes out, in process ÷ one HMAC",
      ratio: ratios(figures.session, figures.hmac),
      rounds,
      detail:
        `logged-on session (unsigned orders) ${micro(figures.session)} µs, signed per order (HMAC) ` +
        `${micro(nanosSigned)} µs, ${hmac}`,
    },
    {
      goal: "L5 risk",
      what: "one whole risk check ÷ one HMAC",
      ratio: ratios(figures.risk, figures.hmac),
      rounds,
      detail: `risk check ${micro(figures.risk)} µs, ${hmac}`,
    },
  ];
}

class OrderPath {
  readonly rig: Rig;
  #millis = feedStart;

  private constructor(rig: Rig) {
    this.rig = rig;
  }

  static async start(signer: Signer): Promise<OrderPath> {
    const settings = enteringSettings(tmpdir(), entryInterval);
    const rig = await Rig.start(
      settings,
      signer,
      ({ symbol }, features) => createSources(settings.decision, symbol, features),
      feedStart,
    );
    const path = new OrderPath(rig);
    path.#millis += 10;
    return path;
  }

  /** Median over the ticks that gave an order; making the frame and refusing the order are not counted. */
  nanosPerOrder(): number {
    const { rig } = this;
    const stream = rig.stream("public");
    const nanos: number[] = [];
    for (let tick = 0; tick < ordersPerRound; tick += 1) {
      if (tick % refreshEvery === 0) rig.refresh(this.#next(false));
      const step = this.#next(tick % 2 === 0);
      const { millis } = step;
      const frame = Buffer.from(tickerFrame(step));
      const now = micros(millis * 1_000);
      const began = process.hrtime.bigint();
      rig.onFrame(stream, frame, now);
      if (rig.orderBytes === 0) continue;
      nanos.push(Number(rig.orderAt - began));
      rig.refuse(millis);
    }
    assert(nanos.length > ordersPerRound / 2, `only ${nanos.length} of ${ordersPerRound} ticks gave an order`);
    return spread(nanos).median;
  }

  #next(up: boolean): Step {
    this.#millis += 1;
    return { millis: this.#millis, serial: this.#millis, up };
  }
}

/** The check as the core asks for it, approved, on inputs that differ from one to the next. */
function riskCheck(rig: Rig): () => number {
  const desk = present(rig.core.desks[0], "desk");
  const { market, instrument } = desk;
  const now = micros(feedStart * 1_000);
  const context = { market, features: new Features([1], 1), position: signedLots(0), tradeOpen: false };
  const decision = plainDecision("bench", context, now, 1, microsPerSecond, "LONG", []);
  const { risk, guardrails } = rig.settings;
  const sessionSettings = { session: risk.session, drawdownPct: guardrails.drawdown_pct };
  const input: RiskInput = {
    decision,
    instrument,
    settings: rig.settings,
    side: "buy",
    entryPrice: market.bid,
    bid: market.bid,
    ask: market.ask,
    atrTicks: market.atrTicks(),
    realisedBps: market.volatilityBps(),
    recentReturn: 0,
    accountExposure: 0,
    session: onEquity(newSession(now), 10_000, now, sessionSettings).state,
    makerFee: 0.0002,
    takerFee: 0.0005,
    costToFill: (side, lots) => market.costToFill(side, lots),
    fundingRate: 0,
    nextFunding: micros(0),
    equity: 10_000,
    markedEquity: 10_000,
    available: 10_000,
    accountAge: 1_000,
    committedLots: 0,
    openPositions: 0,
    maintenance: [{ upTo: 300_000, rate: 0.004 }],
    cooldownUntil: micros(0),
  };
  return () => {
    let approved = 0;
    const nanos = nanosOf(() => {
      for (let i = 0; i < checksPerRound; i += 1) {
        if (checkRisk({ ...input, equity: 10_000 + (i % 100) }, now).approved) approved += 1;
      }
    });
    assert(approved === checksPerRound, `only ${approved} of ${checksPerRound} checks approved`);
    return nanos / checksPerRound;
  };
}
