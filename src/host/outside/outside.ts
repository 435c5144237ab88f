/**
 * Everything that comes from outside and has to do with decisions: the decision file, intents and plans. What earlier
 * runs accepted is taken up once positions are known.
 */

import type { Settings } from "../../config/schema.ts";
import { DecisionFileSource } from "../../decision/decision-file.ts";
import { IntentSource } from "../../decision/intents.ts";
import { PlanSource } from "../../decision/plans.ts";
import type { DecisionSource } from "../../decision/source.ts";
import type { DecisionRow, Notice } from "../../domain/output.ts";
import type { Micros, SymbolIndex } from "../../domain/units.ts";
import type { Core } from "../../engine/core.ts";
import type { OutsideJournal } from "../../store/outside.ts";
import type { ReadDecision } from "./decision-file.ts";
import { DecisionFileWatch } from "./decision-file-watch.ts";
import { IntentDesk } from "./intent-desk.ts";
import { PlanDesk } from "./plan-desk.ts";
import { isReady, type OutsidePort } from "./port.ts";

export type OutsideOptions = OutsidePort & {
  readonly notice: (level: Notice["level"], code: string, fields: Notice["fields"]) => void;
};

/** Those that speak for somebody outside stand first: priority only chooses between decisions that agree. */
export function outsideSources(settings: Settings, takesIntents: boolean): readonly DecisionSource[] {
  return [
    ...(takesIntents ? [new IntentSource(settings.intents), new PlanSource(settings.plans)] : []),
    ...(settings.decision_file.enabled ? [new DecisionFileSource(settings.decision_file)] : []),
  ];
}

/** Decisions that were not executed and are shown, of each symbol. */
const blockedMax = 10;

export class Outside {
  readonly intents: IntentDesk;
  readonly plans: PlanDesk;
  readonly #options: OutsideOptions;
  #watch: DecisionFileWatch | null = null;
  #cleaning: NodeJS.Timeout | null = null;
  #isResumed = false;
  readonly #blocked = new Map<SymbolIndex, DecisionRow[]>();

  constructor(options: OutsideOptions) {
    this.#options = options;
    this.intents = new IntentDesk(options);
    this.plans = new PlanDesk(options);
  }

  /** The journal is there: what it holds is known from now on. */
  open(journal: OutsideJournal): void {
    this.intents.restore(journal);
    this.plans.restore(journal);
    this.#forget();
    const { cleanup_seconds } = this.#options.settings().intents;
    this.#cleaning = setInterval(() => this.#forget(), cleanup_seconds * 1_000);
    this.#cleaning.unref();
  }

  /** Called after each turn; cheap once it has resumed. A wish to close waits until it is known what there is to close. */
  afterTurn(core: Core, now: Micros): void {
    if (this.#isResumed || !isReady(core) || !core.knowsWhatIsOpen(now)) return;
    this.#isResumed = true;
    this.intents.resume(core);
    this.plans.resume(core);
    this.#watchFile(core);
  }

  onDecision(row: DecisionRow): void {
    this.intents.onDecision(row);
    if (row.approved) return;
    const rows = this.#blocked.get(row.symbol) ?? [];
    rows.unshift(row);
    this.#blocked.set(row.symbol, rows.slice(0, blockedMax));
  }

  /** The newest decisions of a symbol that were not executed, of whatever source; the newest first. */
  blocked(symbol: SymbolIndex): readonly DecisionRow[] {
    return this.#blocked.get(symbol) ?? [];
  }

  close(): void {
    this.#watch?.close();
    if (this.#cleaning !== null) clearInterval(this.#cleaning);
  }

  #forget(): void {
    const now = this.#options.clock();
    const [intentsBefore, plansBefore] = [this.intents.forget(now), this.plans.forget(now)];
    this.#options.keep({ kind: "forget", intentsBefore, plansBefore }).catch(() => undefined);
  }

  #watchFile(core: Core): void {
    const { settings, clock } = this.#options;
    const { decision_file: file } = settings();
    if (!file.enabled) return;
    const instruments = core.desks.map(({ instrument }) => instrument);
    this.#watch = new DecisionFileWatch({ settings: file, instruments, clock, onRead: (read) => this.#onRead(read) });
    this.#watch.start();
  }

  #onRead(read: ReadDecision): void {
    const { settings, notice, tell, clock } = this.#options;
    const { path, symbol } = settings().decision_file;
    if (read.state === "decision") {
      const { decision, instrument } = read;
      const { id, direction } = decision;
      notice("info", "DECISION_FILE_READ", { file: path, decision: id, direction, symbols: instrument.symbol });
      return tell({
        kind: "outside",
        symbol: instrument.index,
        to: "decision_file",
        word: { state: "decision", decision },
      });
    }
    notice("error", "DECISION_FILE_MALFORMED", { file: path, message: read.problem });
    // Which symbol it is about is not known, unless the settings say so: all of them stay flat.
    for (const { instrument } of this.#options.core()?.desks ?? []) {
      if (symbol !== null && instrument.symbol !== symbol) continue;
      const word = { state: "malformed", time: clock() } as const;
      tell({ kind: "outside", symbol: instrument.index, to: "decision_file", word });
    }
  }
}
