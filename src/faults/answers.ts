/** What a hostile venue says instead of the truth. @see binance-usdm.md §3.6, §8; failure-catalogue F-02, fault model */

import type { Call } from "./call.ts";

type WrongAnswer = { readonly status: number; readonly text: string; readonly headers?: Record<string, string> };

const later = "Unknown error, please check your request or try again later.";
const throttled =
  "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.";

/** Stands for what was asked, signature included. */
const echoed = "%s";

export const answers = {
  "503 unknown": error(503, -1000, later),
  "503 unavailable": { status: 503, text: "Service Unavailable" },
  "503 internal": error(503, -1000, "Internal error; unable to process your request. Please try again."),
  "-1008": error(503, -1008, throttled),
  "-1006": error(503, -1006, "An unexpected response was received from the message bus. Execution status unknown."),
  "-1007": error(
    503,
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
  ),
  "-1000": error(500, -1000, "An unknown error occurred while processing the request."),
  "-1001": error(500, -1001, "Internal error; unable to process your request. Please try again."),
  "-1003": {
    ...error(429, -1003, "Too many requests; current limit of IP(127.0.0.1) is 2400 requests per minute."),
    headers: { "retry-after": "30" },
  },
  "-1016": error(503, -1016, "This service is no longer available."),
  "-1021": error(400, -1021, "Timestamp for this request is outside of the recvWindow."),
  "-2015": error(401, -2015, "Invalid API-key, IP, or permissions for action, request ip: 127.0.0.1"),
  "-2019": error(400, -2019, "Margin is insufficient."),
  "-2027": error(400, -2027, "Exceeded the maximum allowable position at current leverage."),
  "-4028": error(400, -4028, "Leverage 5 is not valid"),
  "-4120": error(
    400,
    -4120,
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
  ),
  "-4166": error(400, -4166, "Search window is restricted to recent 90 days only."),
  "-2013": error(400, -2013, "Order does not exist."),
  "-2011": error(400, -2011, "Unknown order sent."),
  "-2021": error(400, -2021, "Order would immediately trigger."),
  "-2022": error(400, -2022, "ReduceOnly Order is rejected."),
  "-4131": error(400, -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
  "-5022": error(400, -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."),
  "unknown code": error(400, -9_876, "Something that did not exist when this was written."),
  html: { status: 502, text: "<html><head><title>502 Bad Gateway</title></head><body></body></html>" },
  "gateway time-out": { status: 504, text: "<html><body><h1>504 Gateway Time-out</h1></body></html>" },
  "html echo": { status: 502, text: `<html><body>upstream failed for ${echoed}</body></html>` },
  "unknown code echo": error(400, -9_877, `cannot be done: ${echoed}`),
  empty: { status: 200, text: "" },
  truncated: { status: 200, text: '{"orderId":8389765' },
} as const satisfies Record<string, WrongAnswer>;

export type AnswerName = keyof typeof answers;

function error(status: number, code: number, msg: string): WrongAnswer {
  return { status, text: JSON.stringify({ code, msg }) };
}

/** Some answers repeat what was asked, as proxies do. */
export function said(name: AnswerName, { path, params }: Call): WrongAnswer {
  const answer: WrongAnswer = answers[name];
  const { text } = answer;
  if (!text.includes(echoed)) return answer;
  return { ...answer, text: text.replace(echoed, `${path}?${[...params].map((one) => one.join("=")).join("&")}`) };
}

export function statusIn(text: string): number {
  return Number(/"status":(\d+)/.exec(text)?.[1] ?? 0);
}

/** A wrong answer as the WebSocket API would wrap it; what is no JSON comes bare. */
export function socketAnswer(id: number, { status, text }: { readonly status: number; readonly text: string }): string {
  if (!text.startsWith("{") || !text.endsWith("}") || status < 400) return text;
  return `{"id":${id},"status":${status},"error":${text}}`;
}
