/** I-18: what people must hear of is told once an episode, within a second of being knowable. */

import type { Alert } from "../../domain/alert.ts";
import type { Row } from "../../domain/output.ts";
import type { Scene } from "./scene.ts";

const inTime = 1_000_000;
/** A position without a stop for so long is something that somebody must know of, whoever is to blame. */
const unguardedMax = 15_000_000;
/** Alerts that are remembered; more in one run would be a flood of its own. */
const alertsMax = 50_000;
const hour = 3_600_000_000;
/** Urgent ones in an hour: a phone that rings more often is switched off. */
const urgentMax = 200;

type Due = { readonly code: string; readonly by: number };

export class Alarms {
  readonly #scene: Scene;
  #due: Due[] = [];
  #urgent: number[] = [];
  /** when a word that nothing waited for was told; there are as many as words */
  readonly #told = new Map<string, number>();
  #alerts = 0;
  /** when somebody was last told something that is not only for information */
  #lastAt = Number.NEGATIVE_INFINITY;
  /** positions without a stop, since when; null: none */
  readonly #naked: { since: number | null; told: boolean; ran: number }[];
  #secondAt = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#naked = scene.grids.map(() => ({ since: null, told: false, ran: 0 }));
  }

  onBegin(): void {
    this.#due = [];
  }

  onRow(row: Row): void {
    if (row.kind === "safe-mode" && row.change === "entered") this.#expect("SAFE_MODE_ON");
  }

  onAlert({ code, severity }: Alert): void {
    const { now } = this.#scene;
    this.#alerts += 1;
    if (this.#alerts === alertsMax) this.#scene.violated("I-18", `${alertsMax} alerts in one run`);
    if (severity !== "info") this.#lastAt = now;
    if (severity !== "critical") return;
    const place = this.#due.findIndex((due) => due.code === code);
    if (place >= 0) this.#due.splice(place, 1);
    else this.#told.set(code, now);
    this.#urgent = this.#urgent.filter((at) => at > now - hour);
    this.#urgent.push(now);
    if (this.#urgent.length === urgentMax) this.#scene.violated("I-18", `${urgentMax} urgent alerts in an hour`);
  }

  onStep(): void {
    const { now } = this.#scene;
    const first = this.#due[0];
    if (first === undefined || now <= first.by) return;
    this.#due.shift();
    this.#scene.violated("I-18", `nobody was told of ${first.code}`);
  }

  /** Once a second. @param isKnown whether the daemon was told that the position lies there like that */
  onSecond(isKnown: (symbol: number) => boolean): void {
    const { truth, now, isUp, readySince, isStill } = this.#scene;
    const passed = now - this.#secondAt;
    this.#secondAt = now;
    for (const [symbol, episode] of this.#naked.entries()) {
      const isNaked = truth.position(symbol) !== 0 && !truth.isCovered(symbol);
      if (!isNaked || !isUp || readySince === null || !isKnown(symbol)) {
        episode.since = null;
        episode.told = false;
        continue;
      }
      if (episode.since === null) {
        episode.since = now;
        episode.ran = 0;
        // A process that stands still can tell nobody.
      } else if (!isStill) episode.ran += passed;
      if (episode.ran > unguardedMax && !episode.told) {
        episode.told = true;
        if (this.#lastAt < episode.since - unguardedMax) {
          this.#scene.violated("I-18", `symbol ${symbol} lies without a stop, and nobody was told`);
        }
      }
    }
  }

  /** The alert may have come first: rows are kept at the end of a turn. */
  #expect(code: string): void {
    const told = this.#told.get(code) ?? Number.NEGATIVE_INFINITY;
    this.#told.delete(code);
    if (told >= this.#scene.now - inTime) return;
    this.#due.push({ code, by: this.#scene.now + inTime });
  }
}
