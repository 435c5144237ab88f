/**
 * What watches the results and may hold trading back: halt, resume, scale down, flatten (requirements RSK-7). It speaks
 * to the core through `control` events like an operator does, so it can only ever ask for what an operator may.
 */

import type { Settings } from "../config/schema.ts";
import type { Control } from "../domain/event.ts";
import type { RiskEvent, TradeRow } from "../domain/output.ts";
import { runOfLosses } from "../domain/session.ts";
import type { Publication, RiskSubscriber } from "./risk-publisher.ts";

/** What a supervisor may ask for. Each call becomes one core event, between other events, and is journalled. */
export type SupervisorControls = {
  readonly halt: () => void;
  readonly resume: () => void;
  /** @param factor multiplies the size of entries from now on; above 0, and below what multiplies it already */
  readonly scale: (factor: number) => void;
  readonly flatten: () => void;
};

export interface Supervisor {
  /** stands in journal and events as who asked */
  readonly name: string;
  onRiskEvent(event: RiskEvent, controls: SupervisorControls): void | Promise<void>;
  onTrade(trade: TradeRow, controls: SupervisorControls): void | Promise<void>;
}

/** @param send hands a control to the core */
export function supervised(supervisor: Supervisor, send: (control: Control) => void): RiskSubscriber {
  const by = supervisor.name;
  const from = { kind: "control", by, isAutomatic: true } as const;
  const controls: SupervisorControls = {
    halt: () => send({ ...from, action: "halt" }),
    resume: () => send({ ...from, action: "resume" }),
    scale: (factor) => send({ ...from, action: "scale", factor }),
    flatten: () => send({ ...from, action: "flatten" }),
  };
  return {
    name: by,
    receive: (publication: Publication) =>
      publication.kind === "trade"
        ? supervisor.onTrade(publication, controls)
        : supervisor.onRiskEvent(publication, controls),
  };
}

/** Acts after so many losing trades in a row, net of costs; the run begins anew after it has acted, and when trading is resumed. */
export class RunOfLosses implements Supervisor {
  readonly name = runOfLosses;
  readonly #settings: () => Settings["supervisor"]["run_of_losses"];
  #losses = 0;

  /** @param settings asked each time, so that a change holds at once */
  constructor(settings: () => Settings["supervisor"]["run_of_losses"]) {
    this.#settings = settings;
  }

  /** @param losses in a row that the journal ends with: a restart ends no run */
  begin(losses: number): void {
    this.#losses = losses;
  }

  onRiskEvent(event: RiskEvent): void {
    if (event.event === "RESUMED") this.#losses = 0;
  }

  onTrade(trade: TradeRow, controls: SupervisorControls): void {
    this.#losses = trade.netPnl < 0n ? this.#losses + 1 : 0;
    const { enabled, losses, action, factor } = this.#settings();
    if (!enabled || this.#losses < losses) return;
    this.#losses = 0;
    switch (action) {
      case "halt":
        return controls.halt();
      case "scale":
        return controls.scale(factor);
      case "flatten":
        return controls.flatten();
      default:
        throw new TypeError(`unknown action ${action satisfies never}`);
    }
  }
}
