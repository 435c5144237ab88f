/** What the desks for outside decisions share: the core that they tell, and the store that must have it first. */

import { createHash } from "node:crypto";
import type { Settings } from "../../config/schema.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { OutsideWord } from "../../domain/outside.ts";
import type { Core } from "../../engine/core.ts";
import type { OutsideRow } from "../../store/outside.ts";
import type { Clock } from "../clock.ts";
import { Refusal } from "./refusal.ts";

export type OutsidePort = {
  readonly settings: () => Settings;
  readonly clock: Clock;
  /** null before its journal is there */
  readonly core: () => Core | null;
  /** Hands an event to the core, between two others. */
  readonly tell: (event: OutsideWord) => void;
  /** Resolves when the row, and all before it, are on the disk. */
  readonly keep: (row: OutsideRow | null) => Promise<void>;
};

/** The core, once it could act: before that nothing can be promised. @throws {Refusal} */
export function readyCore(port: OutsidePort): Core {
  const core = port.core();
  if (core === null || !isReady(core)) {
    throw new Refusal("NOT_READY", "the account has not been read and set up yet: try again in a moment");
  }
  return core;
}

/** Positions are known, reports come, and at least one symbol may be entered as far as the account goes. */
export function isReady(core: Core): boolean {
  return core.isRecovered && core.account.privateAlive && core.desks.some(({ setUp }) => setUp === "proven");
}

/** @throws {Refusal} */
export function instrumentOf(core: Core, symbol: string): Instrument {
  const found = core.desks.find(({ instrument }) => instrument.symbol === symbol);
  if (found !== undefined) return found.instrument;
  const allowed = core.desks.map(({ instrument }) => instrument.symbol).join(", ");
  throw new Refusal("UNKNOWN_SYMBOL", `symbol is ${symbol}; allowed: ${allowed}`);
}

/** Waits until it is on the disk. @throws {Refusal} */
export async function keepOrRefuse(port: OutsidePort, row: OutsideRow | null): Promise<void> {
  try {
    await port.keep(row);
  } catch {
    throw new Refusal(
      "STORE_FAILED",
      "it could not be written: nothing was done, or it is not known; ask before repeating",
    );
  }
}

/** The same for two bodies that say the same, whatever the order of their keys. */
export function digestOf(body: object): string {
  const sorted = JSON.stringify(body, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(sorted).digest("hex");
}
