import { expect, test } from "vitest";
import type { CoreEvent } from "../../src/domain/event.ts";
import { micros } from "../../src/domain/units.ts";
import { instrumentFromSpec, listedSymbols } from "../../src/exchange/symbols.ts";
import { PrivateFeed } from "../../src/venue/private-feed.ts";
import { Timers } from "../../src/venue/timers.ts";

/** What the core is told of some messages. */
function toldOf(messages: readonly string[]): readonly CoreEvent[] {
  const told: CoreEvent[] = [];
  const nothing = (): void => undefined;
  const feed = new PrivateFeed({
    timers: new Timers(),
    notice: nothing,
    asset: "USDT",
    instruments: new Map(listedSymbols.map((spec, index) => [spec.row.symbol, instrumentFromSpec(spec, index)])),
    firstMessage: micros(1),
    emit: (event) => told.push(event),
    foreign: nothing,
    onHeard: nothing,
    drop: nothing,
    onConfigurationChanged: nothing,
  });
  for (const text of messages) feed.onMessage(text, micros(1));
  return told;
}

function update(m: string, time: number, change: string): string {
  const B = [{ a: "USDT", wb: "100.00000000", cw: "100.00000000", bc: change }];
  return JSON.stringify({ e: "ACCOUNT_UPDATE", E: time, T: time, a: { m, B, P: [], S: "BTCUSDT" } });
}

test("[F-28] funding that the stream tells twice was paid once, and another one of the same amount was paid, too", () => {
  const first = update("FUNDING_FEE", 1_000, "-0.50000000");
  const told = toldOf([first, first, update("FUNDING_FEE", 2_000, "-0.50000000")]);
  expect(told.filter(({ kind }) => kind === "funding")).toMatchObject([
    { amount: -50_000_000n },
    { amount: -50_000_000n },
  ]);
});

test("[F-28] a deposit that the stream tells twice came in once; the wallet is told each time", () => {
  const deposit = update("DEPOSIT", 1_000, "50.00000000");
  const transfers = toldOf([deposit, deposit]).map((event) => (event.kind === "wallet" ? event.transfer : null));
  expect(transfers).toEqual([5_000_000_000n, 0n]);
});
