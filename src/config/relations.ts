/** Rules between settings of different sections; those inside a section stand with it. */

import type { Settings } from "./schema.ts";
import { tradingRelations } from "./trading.ts";

export type Relation = { readonly path: readonly string[]; readonly message: string };

type Common = Omit<Settings, "overrides">;

/** What does not hold, each with its place. */
export function brokenRelations({ venue, decision, protection, trading }: Common): readonly Relation[] {
  const broken: Relation[] = [];
  const demand = (holds: boolean, place: string, message: string): void => {
    if (!holds) broken.push({ path: place.split("."), message });
  };
  const isProduction = venue.name === "production";
  demand(
    !isProduction || venue.account !== null,
    "venue.account",
    "must name the account when venue.name is production",
  );
  demand(
    !isProduction || !decision.demo.enabled,
    "decision.demo.enabled",
    "must be false when venue.name is production: demo is no strategy",
  );
  demand(
    venue.reply_timeout_ms >= venue.recv_window_ms,
    "venue.reply_timeout_ms",
    "must be at least venue.recv_window_ms: before that a request can still be accepted",
  );
  demand(
    protection.absence_proof_seconds * 1_000 > venue.recv_window_ms,
    "protection.absence_proof_seconds",
    "must be longer than venue.recv_window_ms: before that a request can still be accepted",
  );
  for (const [place, message, holds] of tradingRelations(trading)) demand(holds, place, message);
  return broken;
}
