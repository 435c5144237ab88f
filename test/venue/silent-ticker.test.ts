import { expect, test } from "vitest";
import { depthBody, ok, Rig } from "./support.ts";

/** A market that says, twice a second, what the test has it say of its book; whether there is a ticker is another thing. */
class Market {
  readonly rig = new Rig();
  #id = 100;

  constructor() {
    this.rig.keepsTalking = false;
    this.rig.on("GET /fapi/v1/depth", () => ok(depthBody(this.#id))).started();
  }

  /** @param bidAt the level that changes its quantity each time */
  run(seconds: number, bidAt: string, hasTicker: boolean): this {
    for (let half = 0; half < 2 * seconds; half += 1) {
      this.rig.advance(500);
      this.#id += 1;
      this.#tell(bidAt, half % 2 === 0 ? "2.000" : "1.000", hasTicker);
    }
    return this;
  }

  get opened(): number {
    return this.rig.opened("public").length;
  }

  #tell(bidAt: string, size: string, hasTicker: boolean): void {
    const id = this.#id;
    const T = Math.floor(this.rig.now / 1_000);
    const common = { s: "BTCUSDT", T, E: T };
    const ticker = { e: "bookTicker", u: id, b: bidAt, B: size, a: "64000.10", A: "1.000", ...common };
    if (hasTicker) this.rig.say("public", ticker);
    this.rig.say("public", { e: "depthUpdate", U: id, u: id, pu: id - 1, b: [[bidAt, size]], a: [], ...common });
    this.rig.say("market", { e: "markPriceUpdate", p: "64000.00000000", r: "0.00010000", ...common });
  }
}

const [best, behind] = ["64000.00", "63999.90"];

test("[F-25] a ticker that is silent while the depth changes the best price has the connection opened anew", () => {
  const market = new Market();
  market.run(14, best, false);
  expect(market.opened).toBe(2);
});

test("[F-25] it is said which ticker was silent", () => {
  const { rig } = new Market().run(14, best, false);
  expect(rig.notices.filter(({ code }) => code === "STREAM_DOWN")).toMatchObject([
    { fields: { stream: "public", cause: "the ticker of BTCUSDT is silent" } },
  ]);
});

test("[F-25] a ticker that falls silent after it has spoken is found, too", () => {
  const market = new Market();
  market.run(60, best, true).run(14, best, false);
  expect(market.opened).toBe(2);
});

test("[F-25] a ticker may be silent for as long as the best prices stand", () => {
  const market = new Market();
  market.run(600, behind, false);
  expect(market.opened).toBe(1);
});

test("[F-25] a ticker that tells the changes keeps the connection", () => {
  const market = new Market();
  market.run(600, best, true);
  expect(market.opened).toBe(1);
});

test("[F-25] a ticker that stays silent has the connection opened anew ever more seldom", () => {
  const market = new Market();
  market.run(600, best, false);
  expect(market.opened).toBe(6);
});

test("[F-25] a ticker that has spoken again is waited for no longer than at first", () => {
  const market = new Market();
  market.run(600, best, false).run(10, best, true);
  const before = market.opened;
  market.run(14, best, false);
  expect(market.opened).toBe(before + 1);
});
