import fc from "fast-check";
import { expect, test } from "vitest";
import { conceal, concealed } from "../../src/ops/concealed.ts";
import { shownFields } from "../../src/ops/log.ts";

const secret = "canary-7f3a/with+signs=&more";
conceal([secret, "-----BEGIN-----\ncanary-line-of-a-key\n-----END-----", "short"]);

const forms: readonly (readonly [string, string])[] = [
  ["as it is", secret],
  ["in a URL", encodeURIComponent(secret)],
  ["in base64", Buffer.from(secret).toString("base64")],
  ["in base64url", Buffer.from(secret).toString("base64url")],
  ["reversed", [...secret].reverse().join("")],
  ["as a line of a PEM", "canary-line-of-a-key"],
];

test.each(forms)("[I-22] a secret %s is cut out of a field whose name is allowed", (_name, form) => {
  const { message } = shownFields({ message: `refused: ?signature=${form}&x=1 ${form}` });
  expect(message).toContain("refused: ");
  expect(String(message)).not.toContain(form.replace(/=+$/, ""));
});

test("[I-22] no cut leaves a part of a secret behind", () => {
  const half = secret.slice(0, 12);
  fc.assert(
    fc.property(fc.nat(3_000), fc.nat(60), (before, count) => {
      const text = `${"x".repeat(before)}${secret.repeat(count)}`;
      expect(concealed(text, 500)).not.toContain(half);
    }),
  );
});

test("[I-22] words that are too short to be secrets stay", () => {
  expect(concealed("a short word", 500)).toBe("a short word");
});

test("[I-22] of a secret at the end of a text that was cut before, no beginning is left", () => {
  for (let length = 6; length < secret.length; length += 1) {
    expect(concealed(`refused: key ${secret.slice(0, length)}`, 500)).toBe("refused: key [secret]");
  }
});

const signature = "1ffa55e45d53d6076ba2f1b2ff9e3a17e5f1c131fbf1c280140373f2065412ac";
const listenKey = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1";

test.each([
  `GET /fapi/v3/balance?timestamp=1&signature=${signature} X`,
  `signature: ${signature}`,
  `{"params":{"signature":"${signature}"}}`,
  String.raw`bad request: {\"signature\":\"${signature}\"}`,
  `/?q=${encodeURIComponent(`a=1&signature=${signature}&b=2`)}`,
  `signature=${encodeURIComponent("AbC/9+dEf0123456789==")}`,
  `{"listenKey":"${listenKey}"}`,
  `cannot open /private/ws/${listenKey}`,
  `DELETE /fapi/v1/listenKey?listenKey=${listenKey}`,
])("[I-22] signatures and listen keys are known by where they stand: %s", (text) => {
  const shown = concealed(text, 500);
  expect(shown).toContain("[secret]");
  expect([signature, listenKey, "AbC", "9%2B"].filter((one) => shown.includes(one.slice(0, 16)))).toEqual([]);
});

test("[I-22] what says nothing secret stays, though it names them", () => {
  const text = "Signature for this request is not valid; listenKey: none; /ws/btcusdt@bookTicker";
  expect(concealed(text, 500)).toBe(text);
});

test.each(["signature=", "listenKey="])("[S-02] the shortest text that `%s` can leak in is searched", (name) => {
  expect(concealed(`${name}8letters`, 500)).toBe(`${name}[secret]`);
});

test("[S-14] a delete character is no printable one", () => {
  expect(shownFields({ message: "gone\x7f" })).toEqual({ message: "gone\\u007f" });
});
