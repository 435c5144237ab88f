import fc from "fast-check";
import { expect, test } from "vitest";
import { requestKinds, ruleOf } from "../../../src/domain/error-policy.ts";
import { classify, classifyFailure } from "../../../src/venue/wire/outcome.ts";
import { payload } from "../support.ts";

const error = (status: number, code: number, msg = "words"): { status: number; body: unknown } => ({
  status,
  body: { code, msg },
});

/** The classes of the protocol reference, transcribed a second time. */
const table: readonly (readonly [string, string, readonly number[]])[] = [
  ["retry", "refused", [-1003, -1008, -1015, -1016, -1021, -1112, -2012, -4131, -5028, -5043]],
  ["look-up", "unknown", [-1000, -1001, -1006, -1007, -1010, -4116]],
  [
    "stop",
    "refused",
    [-1002, -1020, -1022, -1099, -1109, -2014, -2015, -2017, -2023, -4060, -4061, -4088, -4109, -4120],
  ],
  ["done", "ok", [-4046, -4059, -4171, -5027]],
  ["reconcile", "refused", [-2011, -2013, -2022, -2024, -4047, -4048, -4117]],
  ["refuse", "refused", [-1111, -2010, -2018, -2019, -2021, -2025, -4045, -4164, -5021, -5022]],
];

test.each(table)("[SAF-2] codes of class %s end as %s", (treatment, kind, codes) => {
  const judged = codes.flatMap((code) =>
    requestKinds.map((request) => [code, ruleOf(code)?.treatment, classify(error(400, code), request).outcome.kind]),
  );
  expect(judged).toEqual(codes.flatMap((code) => requestKinds.map(() => [code, treatment, kind])));
});

test.each([
  ["an unlisted code with 5xx is unknown", error(500, -9999), "unknown"],
  [
    "503 with the unknown-error text",
    { status: 503, body: null, text: "Unknown error, please check your request or try again later." },
    "unknown",
  ],
  [
    "503 with the unknown-error text as JSON",
    error(503, 0, "Unknown error, please check your request or try again later."),
    "unknown",
  ],
  ["503 with Service Unavailable", { status: 503, body: null, text: "Service Unavailable." }, "refused"],
  ["503 with Service Unavailable as JSON", { status: 503, body: { msg: "Service Unavailable." } }, "refused"],
  [
    "503 with the internal-error text",
    { status: 503, body: null, text: "Internal error; unable to process your request. Please try again." },
    "refused",
  ],
  ["503 with −1008", error(503, -1008), "refused"],
  ["503 with HTML", { status: 503, body: null, text: "<html>" }, "unknown"],
  ["502 with HTML", { status: 502, body: null, text: "<html>" }, "unknown"],
  ["408 with −1007", error(408, -1007), "unknown"],
  ["408 without a body", { status: 408, body: null, text: "" }, "unknown"],
  ["200 without JSON", { status: 200, body: null, text: "<html>" }, "unknown"],
  ["400 without JSON", { status: 400, body: null, text: "" }, "unknown"],
  ["403 of the firewall", { status: 403, body: null, text: "<html>" }, "refused"],
  ["429", error(429, -1003), "refused"],
  ["418", error(418, -1003), "refused"],
  ["an error inside a success", error(200, -2021), "refused"],
  ["a success with code 200", { status: 200, body: { code: 200, msg: "done" } }, "ok"],
])("[SAF-2] %s", (_, reply, kind) => {
  expect(classify(reply, "entry").outcome.kind).toBe(kind);
});

test.each([
  ["entry", "unknown"],
  ["exit", "refused"],
  ["algo", "refused"],
  ["cancel", "unknown"],
  ["amend", "unknown"],
  ["query", "refused"],
] as const)("[SAF-2] a code that nobody knows takes the safest class: %s is %s below 500", (request, kind) => {
  const { outcome, unlisted } = classify(error(400, -9999), request);
  expect([outcome.kind, unlisted]).toEqual([kind, true]);
});

test.each(requestKinds)("[SAF-2] a code that nobody knows leaves the fate unknown from 500 on: %s", (request) => {
  const { outcome, unlisted } = classify(error(500, -9999), request);
  expect([outcome.kind, unlisted]).toEqual(["unknown", true]);
});

test.each([
  [-4116, "ClientOrderId is duplicated.", "unknown"],
  [-2010, "Duplicate order sent.", "unknown"],
  [-2010, "Account has insufficient balance.", "refused"],
] as const)("a duplicate id says that the order exists, whichever code says it: %i %s", (code, words, kind) => {
  expect(classify(error(400, code, words), "entry").outcome.kind).toBe(kind);
});

test("[SAF-2] no reply is unknown once it was written, and a certain failure before", () => {
  expect([
    classifyFailure("ECONNRESET", true).outcome.kind,
    classifyFailure("ECONNREFUSED", false).outcome.kind,
  ]).toEqual(["unknown", "refused"]);
});

test("[SAF-2] any reply below 500 whose body names no error leaves the fate unknown", () => {
  fc.assert(
    fc.property(fc.integer({ min: 402, max: 599 }), fc.string(), (status, text) => {
      fc.pre(![403, 418, 429].includes(status) && !/^\s*(Service Unavailable|Internal error;)/.test(text));
      expect(classify({ status, body: null, text }, "entry").outcome.kind).toBe("unknown");
    }),
  );
});

test("every recorded refusal has a listed code", () => {
  const replies = payload("rest.errors.json") as readonly { httpStatus: number; body: unknown }[];
  expect(replies.filter(({ httpStatus, body }) => classify({ status: httpStatus, body }, "query").unlisted)).toEqual(
    [],
  );
});

test("[I-22] words that repeat a request lose key and signature, and keep the rest", () => {
  const key = "a1B2".repeat(16);
  const signed = `symbol=BTCUSDT&newClientOrderId=sd-ke44o7fg-r1-ai&apiKey=${key}&signature=${"0f".repeat(32)}`;
  const base64 = `signature=${"aB%2F".repeat(20)}&timestamp=1`;
  const said = [signed, base64].map(
    (words) => classify(error(400, -2010, `cannot be done: ${words}`), "entry").outcome,
  );
  expect(said).toMatchObject([
    {
      message: "cannot be done: symbol=BTCUSDT&newClientOrderId=sd-ke44o7fg-r1-ai&apiKey=[secret]&signature=[secret]",
    },
    { message: "cannot be done: signature=[secret]&timestamp=1" },
  ]);
});

test("the exchange's words are cut and lose control characters before they go on", () => {
  const { outcome } = classify(error(400, -2010, `a\u001b[31m\n${"x".repeat(1_000)}`), "entry");
  expect(outcome.kind === "refused" && /^[\x20-\x7e]{1,200}$/.test(outcome.message)).toBe(true);
});
