/** The daemon against the embedded exchange through a wire that loses, delays, doubles and cuts; judged by an outsider. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseOrderId, stopPathTrade } from "../../src/domain/order-id.ts";
import { journalOf } from "../acceptance/journal.ts";
import { exposures, nakedSpans, Outsider, ofAll, ourId, symbols } from "../acceptance/outsider.ts";
import { Scalpd, type StartedExchange, startExchange, summaryOf, temporaryDirectory } from "../acceptance/processes.ts";
import { ChaosProxy, type Rules, refusal } from "./chaos-proxy.ts";

/** No stop that can be placed or replaced by a close may leave a position naked for longer. */
const nakedMillisMax = 2_000;

const settings = `
decision: { ensemble: { enabled: false }, demo: { interval_seconds: 1, hold_seconds: 2 } }
guardrails: { cooldown_seconds: 0 }
venue: { reply_timeout_ms: 800, first_message_ms: 2000, recv_window_ms: 800 }
protection: { absence_proof_seconds: 4, lookup_interval_ms: 200, reconcile_seconds: 5, close_retry_ms: 300 }
trading: { normal: { entry_order: market } }
stop: { policy: flatten }
`;

const placements: ReadonlySet<string> = new Set(["order.place", "algoOrder.place"]);

/** The stop that proves the stop path at the start: were it refused, nothing would be entered at all. */
function isProof(id: unknown): boolean {
  const trade = parseOrderId(String(id), "sd")?.trade;
  return symbols.some((symbol) => trade === stopPathTrade(symbol));
}

/** True each `every`th time. */
function each(every: number): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count % every === 0;
  };
}

const cases: readonly { readonly what: string; readonly rules: () => Rules; readonly isSafe: boolean }[] = [
  {
    what: "every second reply to a placement that was executed is lost",
    isSafe: false,
    rules: () => {
      const isLost = each(2);
      return {
        reply: ({ method }, _link, pass) => {
          if (!placements.has(method) || !isLost()) pass();
        },
      };
    },
  },
  {
    what: "user events come late, twice and out of order",
    isSafe: false,
    rules: () => {
      const isLate = each(2);
      const isTwice = each(3);
      return {
        message: ({ name }, _text, pass) => {
          if (name !== "private" || !isLate()) return pass();
          setTimeout(pass, 400);
          if (isTwice()) setTimeout(pass, 900);
        },
      };
    },
  },
  {
    what: "the private stream is open and says nothing",
    isSafe: false,
    rules: () => ({
      message: ({ name }, _text, pass) => {
        if (name !== "private") pass();
      },
    }),
  },
  {
    what: "the WebSocket API never opens, and REST loses every third reply to a placement that was executed",
    isSafe: false,
    rules: () => {
      const isLost = each(3);
      return {
        opened: ({ name, cut }) => {
          if (name === "ws-api") cut();
        },
        http: async ({ method, path }, pass) => {
          const answer = await pass();
          return method === "POST" && path.endsWith("rder") && isLost() ? null : answer;
        },
      };
    },
  },
  {
    what: "all stops are refused with a code that means something else",
    isSafe: true,
    rules: () => ({
      call: (call, link, pass) => {
        if (call.method !== "algoOrder.place" || isProof(call.params["clientAlgoId"])) pass();
        else link.toDaemon(refusal(call, 400, -4120, "Order type not supported for this endpoint."));
      },
    }),
  },
];

describe.each(cases)("when $what", ({ rules, isSafe }) => {
  let exchange: StartedExchange;
  let proxy: ChaosProxy;
  let daemon: Scalpd;
  let outsider: Outsider;
  const data = temporaryDirectory();

  beforeAll(async () => {
    exchange = await startExchange();
    proxy = await ChaosProxy.start(exchange.announcement.rest);
    proxy.rules = rules();
    const config = join(data, "settings.yaml");
    writeFileSync(config, settings);
    const line = proxy.announce(exchange.line);
    daemon = new Scalpd(["run", "--config", config, "--exchange", line, "--data", data, "--json", "--for", "8s"]);
    await Promise.race([daemon.exit, wait(40_000, null, { ref: false })]);
    outsider = new Outsider(exchange.announcement);
  }, 60_000);

  afterAll(async () => {
    exchange.process.signal("SIGTERM");
    await exchange.process.exit;
    await proxy.stop();
  });

  test("[F-35] the daemon trades, and ends in good order", async () => {
    const summary = summaryOf(daemon);
    expect([await daemon.exit, summary.entries > 0, summary.safe_mode, summary.failure]).toEqual([
      { code: 0, signal: null },
      true,
      isSafe,
      null,
    ]);
  });

  test("[I-06] nothing is left open, and the journal has each of the exchange's trades once", async () => {
    const trades = await ofAll((symbol) => outsider.trades(symbol));
    expect(await Promise.all(symbols.map((symbol) => outsider.position(symbol)))).toEqual([null, null]);
    expect(
      journalOf(data)
        .fills.map(({ symbol, trade_id }) => `${symbol} ${trade_id}`)
        .sort(),
    ).toEqual(trades.map(({ symbol, id }) => `${symbol} ${id}`).sort());
  });

  test("[I-03] no trade gets a second entry order", async () => {
    const orders = await ofAll((symbol) => outsider.orders(symbol));
    const entries = orders.flatMap(({ clientOrderId }) => {
      const id = ourId(clientOrderId);
      return id?.role === "e" ? [id.trade] : [];
    });
    expect(entries).toEqual([...new Set(entries)]);
  });

  test("[I-01] no position is naked for longer than two seconds", async () => {
    for (const symbol of symbols) {
      const algos = await outsider.algos(symbol);
      const spans = exposures(await outsider.trades(symbol)).flatMap((exposure) => nakedSpans(exposure, algos));
      expect(Math.max(0, ...spans)).toBeLessThanOrEqual(nakedMillisMax);
    }
  });
});
