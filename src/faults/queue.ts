/** What is to happen, in the order of time, and of planning at one instant. */

export type Due = { readonly at: number; readonly serial: number; readonly run: (at: number) => void };

/** More than this on the way at once means that somebody plans without end. */
const dueMax = 1_000_000;

export class EventQueue {
  readonly #heap: Due[] = [];
  #serial = 0;

  /** Microseconds; infinite when nothing waits. */
  get next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  push(at: number, run: Due["run"]): void {
    const heap = this.#heap;
    if (heap.length >= dueMax) throw new Error(`more than ${dueMax} events wait`);
    const due: Due = { at, serial: this.#serial, run };
    this.#serial += 1;
    let place = heap.length;
    heap.push(due);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isEarlier(above, due)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = due;
  }

  /** Runs the earliest one. */
  run(): void {
    const due = this.#take();
    due?.run(due.at);
  }

  #take(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isEarlier(right, below)) {
        child += 1;
        below = right;
      }
      if (isEarlier(last, below)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isEarlier(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.serial < b.serial);
}
