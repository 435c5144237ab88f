/** Decision sources that throw: they are heard no more, nothing new is opened, and what is open is looked after. */

import { expect, test } from "vitest";
import type { DecisionSource } from "../../src/decision/source.ts";
import { symbolIndex } from "../../src/domain/units.ts";
import { CoreBench } from "../engine/support.ts";
import { decisionOf } from "../risk/support.ts";
import { after, settings } from "../support/core.ts";

type Method = "observe" | "decide" | "nextDecision" | "onGap" | "save" | "configure";

/** Well-behaved until it is broken. */
class Breakable implements DecisionSource {
  readonly name = "breakable";
  readonly learns = true;
  broken: Method | null = null;
  calls = 0;

  observe(): void {
    this.#fail("observe");
  }
  decide(): null {
    this.#fail("decide");
    return null;
  }
  nextDecision() {
    this.#fail("nextDecision");
    return this.broken === "decide" ? after(-1_000) : after(1e9);
  }
  onGap(): void {
    this.#fail("onGap");
  }
  configure(): void {
    this.#fail("configure");
  }
  save(): unknown {
    this.#fail("save");
    return {};
  }
  restore(): void {
    // Nothing is kept.
  }

  #fail(method: Method): void {
    if (this.broken !== method) return;
    this.calls += 1;
    throw new TypeError(`${method} of a source`);
  }
}

const ways: readonly (readonly [Method, (bench: CoreBench) => void])[] = [
  ["observe", (bench) => bench.quote(640_010)],
  ["decide", (bench) => bench.tell({ kind: "timer" })],
  ["nextDecision", (bench) => bench.tell({ kind: "timer" })],
  ["onGap", (bench) => bench.core.onGap(symbolIndex(0), bench.now)],
  ["configure", (bench) => bench.core.reconfigure(settings, bench.now)],
];

test.each(ways)(
  "[SAF-4] a source whose %s throws is silenced, told once, and leads to SAFE MODE",
  (method, provoke) => {
    // given
    const source = new Breakable();
    const bench = CoreBench.ready(settings, [source]);
    // when
    source.broken = method;
    provoke(bench);
    provoke(bench);
    bench.quote(640_020);
    bench.at(2_000);
    // then
    const told = bench.all.filter((output) => output.kind === "notice" && output.code === "SOURCE_FAILED");
    expect([source.calls > 0, told.length, bench.core.safeMode?.detail]).toEqual([
      true,
      1,
      `breakable of BTCUSDT: TypeError: ${method} of a source`,
    ]);
  },
);

test("[SAF-4] the other sources are heard all the same, and entries that wait are withdrawn", () => {
  // given: an entry
  const source = new Breakable();
  const bench = CoreBench.ready(settings, [source]);
  bench.decide(decisionOf({}));
  source.broken = "observe";
  bench.quote(640_010);
  // when
  bench.decide(decisionOf({ id: "another" }));
  // then
  const heard = bench.all.flatMap((output) => (output.kind === "decision" ? [output.decisionId] : []));
  expect([heard.includes("another"), bench.trade?.entryWithdrawn]).toEqual([true, true]);
});

test("[SAF-4] a source that throws while it saves does not keep an orderly stop from its work", () => {
  const source = new Breakable();
  const bench = CoreBench.ready(settings, [source]);
  bench.decide(decisionOf({}));
  source.broken = "save";
  bench.tell({ kind: "stop-requested", policy: "leave-protected" });
  expect([bench.trade?.entryWithdrawn, bench.core.safeMode?.reason]).toEqual([true, "UNEXPECTED_ERROR"]);
});
