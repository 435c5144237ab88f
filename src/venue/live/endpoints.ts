/**
 * Where each venue is. The list is closed: no setting leads to another host, and a given URL must be on loopback.
 *
 * @see binance-usdm.md §1.1; failure-catalogue S-06, S-07
 */

export type Endpoints = {
  /** base URLs without a trailing slash; paths are appended */
  readonly rest: string;
  readonly streams: string;
  readonly wsApi: string;
  /** tells the permissions of a key; null where the venue has no such service */
  readonly sapi: string | null;
};

/** The demo network. Its WebSocket API has no documented `demo-` host. */
export const testnetEndpoints: Endpoints = {
  rest: "https://demo-fapi.binance.com",
  streams: "wss://demo-fstream.binance.com",
  wsApi: "wss://testnet.binancefuture.com",
  sapi: null,
};

/** Real money. Whoever takes these has proven the double opt-in (S-06). */
export const productionEndpoints: Endpoints = {
  rest: "https://fapi.binance.com",
  streams: "wss://fstream.binance.com",
  wsApi: "wss://ws-fapi.binance.com",
  sapi: "https://api.binance.com",
};

export class EndpointError extends Error {
  override readonly name = "EndpointError";
  readonly exitCode = 2;
}

/**
 * The embedded exchange, as it said where it listens.
 *
 * @throws {EndpointError} a URL that is not on loopback
 */
export function paperEndpoints(urls: { readonly rest: string; readonly streams: string }): Endpoints {
  return {
    rest: loopback(urls.rest, "http:"),
    streams: loopback(urls.streams, "ws:"),
    wsApi: loopback(urls.streams, "ws:"),
    sapi: null,
  };
}

const loopbackHosts: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

function loopback(text: string, protocol: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.protocol !== protocol || !loopbackHosts.has(url.hostname)) {
    throw new EndpointError(
      `the embedded exchange must be on loopback by ${protocol}, not at ${url?.host ?? "no URL"}`,
    );
  }
  return `${url.protocol}//${url.host}`;
}
