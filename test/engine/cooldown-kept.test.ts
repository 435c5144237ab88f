/** A cooldown of a symbol and direction is not taken away by another close that says a shorter one (requirements RSK-5). */

import { expect, test } from "vitest";
import { microsFromSeconds, signedLots } from "../../src/domain/units.ts";
import { fillOf } from "../execution/bench.ts";
import { sessionOf } from "../risk/support.ts";
import { after } from "../support/core.ts";
import { entryOf, first, historyOf, idOf, openTradeOf, snapshotOf, stopOf, tradeA } from "./support.ts";
import { Watched } from "./watched.ts";

test("[RSK-5] the end of an older trade, which a restart learns from the history, takes no cooldown away", () => {
  const bench = new Watched();
  const until = after(3_600_000);
  const cooldowns = [{ symbol: "BTCUSDT", side: "buy", until }] as const;
  const sentAt = after(-1_800_000);
  const [entered, closed] = [
    { ...fillOf("t1", 10, 640_000), time: after(-1_799_000) },
    { ...fillOf("t2", 10, 639_700), time: after(-1_790_000) },
  ];
  bench.tell({
    kind: "journal",
    openTrades: [openTradeOf(tradeA, sentAt, [entered])],
    session: sessionOf({ cooldowns }),
  });
  const stop = idOf(tradeA, "f");
  bench.history = historyOf(
    [
      entryOf(idOf(tradeA, "e"), 10, { status: "FILLED", time: after(-1_799_000) }),
      entryOf(stop, 10, { orderId: "10", side: "sell", status: "FILLED", reduceOnly: true, time: after(-1_790_000) }),
    ],
    [
      [idOf(tradeA, "e"), "buy", entered],
      [stop, "sell", closed],
    ],
  );
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(0, { requestedAt: after(1) }));
  bench.at(30_000);
  bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  const rows = bench.told.filter(({ kind }) => kind === "trade").length;
  bench.quote();
  const left = bench.core.session(bench.now).cooldowns;
  const sent = bench.tries("d1");
  expect([rows, left, sent, bench.whyNot]).toEqual([1, cooldowns, [], ["COOLDOWN"]]);
});

test("[RSK-5] the close of a position that was taken over does not end the cooldown of our own trade's close early", () => {
  const bench = new Watched();
  const cooldowns = [{ symbol: "BTCUSDT", side: "buy", until: after(3_600_000) }] as const;
  bench.tell({ kind: "journal", openTrades: [], session: sessionOf({ cooldowns }) });
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.quote();
  bench.tell(snapshotOf(10, { requestedAt: after(1) }));
  bench.answerAlgos("NEW");
  const stop = [...(bench.trade?.orders.values() ?? [])].find(({ role }) => role === "f")?.id ?? "none";
  const bought = { ...fillOf("t1", 10, 640_000), time: after(-10_000) };
  bench.history = historyOf(
    [entryOf("person", 10, { orderId: "8", status: "FILLED", time: after(-10_000) })],
    [["person", "buy", bought]],
  );
  bench.at(15_000);
  bench.tell({
    ...entryOf(stop, 10, { side: "sell", status: "FILLED", source: "stream", time: bench.now }),
    fill: { ...fillOf("t2", 10, 639_700), time: bench.now },
  });
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(0), entryTicks: 0, time: bench.now });
  bench.at(60_000);
  bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  bench.at(90_000);
  bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  const rows = bench.told.filter(({ kind }) => kind === "trade").length;
  expect([rows, bench.core.session(bench.now).cooldowns]).toEqual([1, cooldowns]);
});

test("[RSK-5] a trade that a restart takes over rests after its close for as long as its decision asked for", () => {
  const bench = new Watched();
  const sentAt = after(-2_000);
  const bought = { ...fillOf("t1", 10, 640_000), time: after(-1_500) };
  const known = openTradeOf(tradeA, sentAt, [bought]);
  const intent = { ...known.intent, cooldownMicros: microsFromSeconds(7_200) };
  bench.tell({ kind: "journal", openTrades: [{ ...known, intent }], session: sessionOf({}) });
  bench.history = historyOf(
    [entryOf(idOf(tradeA, "e"), 10, { status: "FILLED" })],
    [[idOf(tradeA, "e"), "buy", bought]],
  );
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.quote();
  bench.tell(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: after(1) }));
  bench.at(15_000);
  bench.tell({
    ...entryOf(idOf(tradeA, "f"), 10, { side: "sell", status: "FILLED", source: "stream", time: bench.now }),
    fill: { ...fillOf("t2", 10, 639_700), time: bench.now },
  });
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(0), entryTicks: 0, time: bench.now });
  bench.at(60_000);
  bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  expect(bench.core.session(bench.now).cooldowns).toEqual([
    { symbol: "BTCUSDT", side: "buy", until: after(15_000 + 7_200_000) },
  ]);
});
