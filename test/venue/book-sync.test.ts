import fc from "fast-check";
import { expect, test } from "vitest";
import { type DepthLevels, depthLevels, type MarketSink } from "../../src/domain/market-port.ts";
import { type Micros, micros, type SymbolIndex, symbolIndex } from "../../src/domain/units.ts";
import { randomFrom } from "../../src/venue/backoff.ts";
import { BookSync } from "../../src/venue/book-sync.ts";
import { Timers } from "../../src/venue/timers.ts";

type Book = ReadonlyMap<number, number>;

/** The exchange's book, with every state it ever had, and ids that jump between diffs as the real ones do. */
class Venue {
  readonly history = new Map<number, Book>([[1, new Map([[100, 5]])]]);
  #id = 1;

  get id(): number {
    return this.#id;
  }

  change(price: number, size: number): DepthLevels {
    const levels = depthLevels(1);
    levels.previousId = this.#id;
    levels.firstId = this.#id + 1;
    this.#id += 3;
    levels.lastId = this.#id;
    levels.price[0] = price;
    levels.size[0] = size;
    levels.count = 1;
    this.history.set(this.#id, applied(this.history.get(levels.previousId) ?? new Map(), levels));
    return levels;
  }

  snapshot(): DepthLevels {
    const book = [...(this.history.get(this.#id) ?? [])];
    const levels = depthLevels(book.length);
    levels.firstId = this.#id;
    levels.lastId = this.#id;
    levels.previousId = this.#id;
    for (const [price, size] of book) {
      levels.price[levels.count] = price;
      levels.size[levels.count] = size;
      levels.count += 1;
    }
    return levels;
  }
}

function applied(book: Book, levels: DepthLevels): Book {
  const next = new Map(book);
  for (let n = 0; n < levels.count; n += 1) {
    const size = levels.size[n] ?? 0;
    if (size === 0) next.delete(levels.price[n] ?? 0);
    else next.set(levels.price[n] ?? 0, size);
  }
  return next;
}

class Setup {
  readonly timers = new Timers();
  readonly calls: string[] = [];
  readonly asked: SymbolIndex[] = [];
  readonly sync: BookSync;
  /** what a receiver of the calls holds; null while it knows nothing */
  mirror: { readonly id: number; readonly book: Book } | null = null;
  now: Micros = micros(1_000_000);

  constructor(symbols = 1) {
    const market: MarketSink = {
      onBookTicker: () => {},
      onTrade: () => {},
      onMark: () => {},
      onSnapshot: (_, levels) => {
        this.calls.push(`snapshot ${levels.lastId}`);
        this.mirror = { id: levels.lastId, book: applied(new Map(), levels) };
      },
      onDepth: (_, levels) => {
        this.calls.push(`depth ${levels.lastId}`);
        this.mirror = { id: levels.lastId, book: applied(this.mirror?.book ?? new Map(), levels) };
      },
      onGap: () => {
        this.calls.push("gap");
        this.mirror = null;
      },
    };
    this.sync = new BookSync(symbols, {
      market,
      timers: this.timers,
      random: randomFrom(1),
      fetch: (symbol) => this.asked.push(symbol),
    });
  }

  diff(levels: DepthLevels, symbol = 0): void {
    this.sync.onDepth(symbolIndex(symbol), levels, this.now, this.now);
  }

  answer(levels: DepthLevels): void {
    const symbol = this.asked.shift();
    if (symbol !== undefined) this.sync.onSnapshot(symbol, levels, this.now, this.now);
  }

  pass(milliseconds: number): void {
    this.now = micros(this.now + milliseconds * 1_000);
    this.timers.run(this.now);
  }
}

test("[MKT-1] the snapshot is asked for only when a diff is held, so that it is not older than the stream", () => {
  const setup = new Setup();
  const before = setup.asked.length;
  setup.diff(new Venue().change(101, 1));
  expect([before, setup.asked.length]).toEqual([0, 1]);
});

test("[MKT-1] diffs that ended before the snapshot are dropped, the straddling one is applied", () => {
  const setup = new Setup();
  const venue = new Venue();
  for (const price of [101, 102, 103]) setup.diff(venue.change(price, 1));
  setup.answer(venue.snapshot());
  expect(setup.calls).toEqual(["snapshot 10", "depth 10"]);
});

test("[MKT-1] a snapshot newer than every diff waits for the one that straddles it", () => {
  const setup = new Setup();
  const venue = new Venue();
  setup.diff(venue.change(101, 1));
  const missing = venue.change(102, 1);
  const snapshot = venue.snapshot();
  setup.answer(snapshot);
  const before = setup.calls.length;
  setup.diff(missing);
  expect([before, setup.calls]).toEqual([0, ["snapshot 7", "depth 7"]]);
});

test("[MKT-1] a snapshot older than the first held diff is asked for again (F-47)", () => {
  const setup = new Setup();
  const venue = new Venue();
  const old = venue.snapshot();
  venue.change(101, 1);
  setup.diff(venue.change(102, 1));
  setup.answer(old);
  setup.pass(1_000);
  setup.answer(venue.snapshot());
  expect(setup.calls).toEqual(["snapshot 7", "depth 7"]);
});

test("[MKT-1] a hole among the held diffs is not joined over (F-47)", () => {
  const setup = new Setup();
  const venue = new Venue();
  setup.diff(venue.change(101, 1));
  const snapshot = venue.snapshot();
  venue.change(102, 1);
  setup.diff(venue.change(103, 1));
  setup.answer(snapshot);
  const before = [...setup.calls];
  setup.pass(1_000);
  setup.answer(venue.snapshot());
  expect([before, setup.calls]).toEqual([[], ["snapshot 10", "depth 10"]]);
});

test("a diff that is delivered twice, or late, changes nothing", () => {
  const setup = new Setup();
  const venue = new Venue();
  const [first, second] = [venue.change(101, 1), venue.change(102, 1)];
  setup.diff(first);
  setup.answer(venue.snapshot());
  setup.diff(second);
  setup.diff(second);
  setup.diff(first);
  expect(setup.calls).toEqual(["snapshot 7", "depth 7"]);
});

test("snapshots that are always too old cost a bounded number of requests (F-86)", () => {
  const setup = new Setup();
  const venue = new Venue();
  const old = venue.snapshot();
  venue.change(99, 1);
  let requests = 0;
  for (let second = 0; second < 600; second += 1) {
    setup.diff(venue.change(100, second));
    requests += setup.asked.length;
    setup.answer(old);
    setup.pass(1_000);
  }
  // At most one in fifteen seconds once the waits are full: 80 weight a minute of 2400.
  expect(requests).toBeLessThanOrEqual(50);
});

test("over all symbols only two snapshots are under way at a time", () => {
  const setup = new Setup(10);
  for (let symbol = 0; symbol < 10; symbol += 1) setup.diff(new Venue().change(101, 1), symbol);
  expect(setup.asked).toHaveLength(2);
});

const delivery = fc.constantFrom("once", "once", "once", "twice", "never", "late");
const operation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant("change" as const), price: fc.nat(9), size: fc.nat(3), delivery }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("ask" as const) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("answer" as const), fails: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("cut" as const) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("pass" as const), milliseconds: fc.nat(40_000) }) },
);

test("[MKT-1] whatever is lost, doubled or reordered, the book is the exchange's or known to be invalid (F-47)", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const setup = new Setup();
      const venue = new Venue();
      let late: DepthLevels | null = null;
      let prepared: DepthLevels | null = null;
      const check = (): void => {
        const { mirror } = setup;
        if (mirror !== null) expect(mirror.book).toEqual(venue.history.get(mirror.id));
      };
      for (const one of operations) {
        if (one.op === "change") {
          const levels = venue.change(100 + one.price, one.size);
          if (one.delivery === "late") late = levels;
          else if (one.delivery !== "never") setup.diff(levels);
          if (one.delivery === "twice") setup.diff(levels);
          if (one.delivery === "once" && late !== null) setup.diff(late);
          if (one.delivery === "once") late = null;
        } else if (one.op === "ask") prepared = venue.snapshot();
        else if (one.op === "answer" && one.fails) {
          const symbol = setup.asked.shift();
          if (symbol !== undefined) setup.sync.onSnapshotFailed(symbol, setup.now);
        } else if (one.op === "answer") {
          setup.answer(prepared ?? venue.snapshot());
          prepared = null;
        } else if (one.op === "cut") setup.sync.onDown(setup.now);
        else setup.pass(one.milliseconds);
        check();
      }
      // Healed: everything arrives, and the book comes back.
      for (let round = 0; round < 10; round += 1) {
        setup.diff(venue.change(100, round));
        setup.pass(40_000);
        setup.answer(venue.snapshot());
        setup.diff(venue.change(101, round));
        check();
      }
      expect(setup.mirror?.id).toBe(venue.id);
    }),
    { numRuns: 300 },
  );
});
