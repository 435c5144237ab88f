/** What people are told. An alert is one message about one episode; a delivery is its way through one channel. */

import type { Micros } from "./units.ts";

/** In rising order. */
export const severities = ["info", "warning", "critical"] as const;
export type Severity = (typeof severities)[number];

export type Alert = {
  /** never used again, also by a later run */
  readonly id: string;
  readonly time: Micros;
  readonly severity: Severity;
  /** the word of the notice or risk event that it tells of */
  readonly code: string;
  readonly symbol: string | null;
  /** what it is about: two alerts with the same one within the quiet time are one */
  readonly episode: string;
  /** only what may leave the process (failure-catalogue S-02) */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
};

/** `refused`: the channel will never take it; `dropped`: there was no room for it. */
export const deliveryStates = ["pending", "delivered", "refused", "dropped"] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export type AlertDelivery = {
  /** id of the alert */
  readonly alert: string;
  readonly channel: string;
  readonly state: DeliveryState;
  readonly time: Micros;
};

/** What an earlier run left: the episodes of the last time, and messages that were not delivered. Oldest first. */
export type PastAlerts = {
  readonly recent: readonly Alert[];
  readonly pending: readonly { readonly alert: Alert; readonly channel: string }[];
};
