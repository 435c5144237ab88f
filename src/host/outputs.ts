/** Where the outputs of a turn go, in their order: an entry's intent is written before the entry leaves. */

import { isCommand, type Output } from "../domain/output.ts";
import type { Micros, SymbolIndex } from "../domain/units.ts";
import type { EntryGate } from "./entry-gate.ts";
import type { JournalWriter } from "./journal-writer.ts";
import type { ModelRunner } from "./model/runner.ts";
import type { NoticeDesk } from "./notice-desk.ts";
import { safeModeNotice } from "./notices.ts";
import type { Outside } from "./outside/outside.ts";
import type { RiskPublisher } from "./risk-publisher.ts";

export type OutputParts = {
  readonly gate: EntryGate;
  readonly notices: NoticeDesk;
  readonly journal: JournalWriter;
  readonly publisher: RiskPublisher;
  readonly outside: Pick<Outside, "onDecision">;
  /** the user's model; null where the built-in ones are at work */
  readonly model: ModelRunner | null;
  readonly resyncBook: (symbol: SymbolIndex, now: Micros) => void;
  /** an output could not be followed: nothing after it may be lost for that (requirements SAF-4) */
  readonly onFailed: (output: Output, error: unknown, now: Micros) => void;
};

export function dispatch(outputs: readonly Output[], to: OutputParts, now: Micros): void {
  for (const output of outputs) {
    try {
      follow(output, to, now);
    } catch (error) {
      to.onFailed(output, error, now);
    }
  }
}

function follow(output: Output, to: OutputParts, now: Micros): void {
  if (isCommand(output)) return to.gate.send(output, now);
  switch (output.kind) {
    case "intent":
      to.gate.write(output, now);
      break;
    case "notice":
      to.notices.queue(output);
      break;
    case "safe-mode":
      to.journal.add(output);
      to.notices.put(safeModeNotice(output), now);
      break;
    case "resync-book":
      to.resyncBook(output.symbol, now);
      break;
    case "decision":
      to.outside.onDecision(output);
      to.journal.add(output);
      break;
    case "order":
    case "fill":
    case "position":
    case "stop-move":
    case "exits-tightened":
    case "no-trade":
    case "model-state":
    case "session":
      to.journal.add(output);
      break;
    case "model-input":
      to.model?.ask(output);
      break;
    case "risk-event":
    case "trade":
      to.publisher.publish(output);
      break;
    default:
      throw new TypeError(`unhandled output ${output satisfies never}`);
  }
}
