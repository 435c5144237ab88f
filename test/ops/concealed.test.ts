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
