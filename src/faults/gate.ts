/** What stands before the exchange's service: bans and outages answer instead of it. */

import { microsPerMillisecond } from "../domain/units.ts";
import { answers } from "./answers.ts";
import type { Call } from "./call.ts";
import type { Network } from "./network.ts";

type Refusal = { readonly status: number; readonly text: string };

/** Status with which a connection is refused; null: it is not. */
export function handshakeRefusal({ ban, outage, options }: Network): number | null {
  if (ban.until > options.now()) return ban.status;
  return outage?.refuses && outage.until > options.now() ? 503 : null;
}

/** What is answered to a request that does not reach the service; null: it does. */
export function answeredAtGate(network: Network, call: Call): Refusal | null {
  return bannedAnswer(network) ?? outageAnswer(network, call);
}

function bannedAnswer({ ban, options }: Network): Refusal | null {
  if (ban.until <= options.now()) return null;
  if (ban.status === 403) return { status: 403, text: "<html><body>403 Forbidden</body></html>" };
  const until = Math.ceil(ban.until / microsPerMillisecond);
  const msg = `Way too many requests; IP(127.0.0.1) banned until ${until}. Please use the websocket for live updates to avoid bans.`;
  return { status: ban.status, text: JSON.stringify({ code: -1003, msg }) };
}

function outageAnswer({ outage, options }: Network, call: Call): Refusal | null {
  if (outage === null || outage.until <= options.now()) return null;
  const isSigned = call.params.has("signature") || call.path.includes("listenKey");
  return outage.refuses || isSigned ? answers[outage.answer] : null;
}
