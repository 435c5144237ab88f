import { randomFillSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameReader, FrameWriter, opcodes } from "../../../src/venue/live/frames.ts";

const messageMax = 100_000;

/** What a reader made of some chunks. */
function readAll(chunks: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  const reader = new FrameReader(messageMax, {
    onMessage: (bytes) => seen.push(`message ${Buffer.from(bytes).toString("hex")}`),
    onControl: (opcode, payload) => seen.push(`control ${opcode} ${Buffer.from(payload).toString("hex")}`),
    onViolation: (code) => seen.push(`violation ${code}`),
  });
  for (const chunk of chunks) reader.read(chunk);
  return seen;
}

function frame(opcode: number, payload: Uint8Array, isFinal = true): Buffer {
  const first = (isFinal ? 0x80 : 0) | opcode;
  const { length } = payload;
  const head =
    length < 126
      ? [first, length]
      : length <= 0xffff
        ? [first, 126, length >> 8, length & 255]
        : [first, 127, 0, 0, 0, 0, 0, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Cuts bytes at places that a list of numbers says. */
function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.slice(places[index] ?? 0, end));
}

type Sent = { readonly parts: readonly Uint8Array[]; readonly ping: Uint8Array | null };

const bytesUpTo = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength, size: "max" });
const sent: fc.Arbitrary<Sent> = fc.record({
  parts: fc.array(fc.oneof(bytesUpTo(300), bytesUpTo(70_000)), { minLength: 1, maxLength: 3 }),
  ping: fc.option(bytesUpTo(125)),
});

test("whatever way messages are split into frames and frames into chunks, the same messages come out", () => {
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 5 }), fc.array(fc.nat(300_000), { maxLength: 12 }), (messages, cuts) => {
      const wire: Buffer[] = [];
      const wanted: string[] = [];
      for (const { parts, ping } of messages) {
        const whole = Buffer.concat(parts);
        fc.pre(whole.length <= messageMax);
        parts.forEach((part, index) => {
          wire.push(frame(index === 0 ? opcodes.text : opcodes.continuation, part, index === parts.length - 1));
          if (ping === null || index !== 0) return;
          wire.push(frame(opcodes.ping, ping));
          if (parts.length > 1) wanted.push(`control 9 ${Buffer.from(ping).toString("hex")}`);
        });
        wanted.push(`message ${whole.toString("hex")}`);
        if (ping !== null && parts.length === 1) wanted.push(`control 9 ${Buffer.from(ping).toString("hex")}`);
      }
      expect(readAll(cut(Buffer.concat(wire), cuts))).toEqual(wanted);
    }),
    { numRuns: 60 },
  );
});

test("what is sent is masked, and says what was to be said", () => {
  const writer = new FrameWriter((bytes) => void randomFillSync(bytes));
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary", maxLength: 400 }), fc.string({ maxLength: 70_000, size: "max" })),
      (text) => {
        const bytes = writer.text(text);
        const short = (bytes[1] ?? 0) & 0x7f;
        const head = short < 126 ? 2 : short === 126 ? 4 : 10;
        const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
        const payload = bytes.subarray(head + 4).map((byte, index) => byte ^ (bytes[head + (index & 3)] ?? 0));
        expect([bytes[0], (bytes[1] ?? 0) & 0x80, length, Buffer.from(payload).toString()]).toEqual([
          0x81,
          0x80,
          Buffer.byteLength(text),
          Buffer.from(text).toString(),
        ]);
      },
    ),
  );
});

test("two frames of the same text are masked differently", () => {
  const writer = new FrameWriter((bytes) => void randomFillSync(bytes));
  expect(writer.text("the same text").equals(writer.text("the same text"))).toBe(false);
});

const part = Buffer.from("x");
test.each([
  ["masked", Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0]), 1_002],
  ["a reserved bit", Buffer.from([0xc1, 0]), 1_002],
  ["a reserved opcode", frame(3, part), 1_002],
  ["a reserved control opcode", frame(11, part), 1_002],
  ["a long ping", frame(opcodes.ping, Buffer.alloc(126)), 1_002],
  ["a ping in parts", frame(opcodes.ping, part, false), 1_002],
  ["a continuation of nothing", frame(opcodes.continuation, part), 1_002],
  ["a message within another", Buffer.concat([frame(1, part, false), frame(1, part)]), 1_002],
  ["too long a message", frame(opcodes.text, Buffer.alloc(messageMax + 1)), 1_009],
  ["too long in parts", Buffer.concat([frame(1, Buffer.alloc(messageMax), false), frame(0, part)]), 1_009],
  ["a length beyond whole numbers", Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]), 1_009],
  [
    "more parts than anybody needs",
    Buffer.concat([frame(1, part, false), ...Array(2_000).fill(frame(0, part, false))]),
    1_009,
  ],
])("[S-24] %s is a violation, and nothing after it is read", (_what, bytes, code) => {
  expect(readAll([bytes, frame(opcodes.text, part)])).toEqual([`violation ${code}`]);
});

test("[S-24] whatever bytes come, in whatever chunks, the reader ends by itself or goes on", () => {
  fc.assert(
    fc.property(fc.array(bytesUpTo(200), { maxLength: 20 }), (chunks) => {
      const seen = readAll(chunks);
      expect(seen.filter((what) => what.startsWith("violation")).length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});
