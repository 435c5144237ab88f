/** The port to whoever takes alerts to people. What a channel does wrong costs its own messages and nothing else. */

import type { Alert } from "../../domain/alert.ts";

/** One message. */
export type Envelope = {
  readonly alert: Alert;
  /** it may have arrived before: an earlier attempt ended without an answer, or with the run that made it */
  readonly isRepeat: boolean;
  /** messages that this channel lost for lack of room since the last one that it took */
  readonly dropped: number;
};

export type Delivery =
  | { readonly kind: "delivered" }
  /** not taken now; `afterMillis` is the least wait that the other side asks for */
  | { readonly kind: "failed"; readonly cause: string; readonly afterMillis: number | null }
  /** this message will never be taken */
  | { readonly kind: "refused"; readonly cause: string };

export interface AlertChannel {
  /** names it in the journal */
  readonly name: string;
  /** least time between two messages, milliseconds */
  readonly gapMillis: number;
  /** May hang and may throw. The cause holds no address and no token (failure-catalogue S-01). */
  send(envelope: Envelope, signal: AbortSignal): Promise<Delivery>;
}
