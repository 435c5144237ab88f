/**
 * One line of a raw recording: `<local time> <JSON>`, where the JSON is a combined-stream message or a REST depth
 * snapshot. @see binance-usdm.md §5.3, §5.4
 */

import { z } from "zod";
import { type Micros, micros } from "../domain/units.ts";

const id = z.int().nonnegative();
const millis = z.int().nonnegative();
const level = z.tuple([z.string(), z.string()]);

const BookTicker = z.object({
  e: z.literal("bookTicker"),
  u: id,
  s: z.string(),
  b: z.string(),
  B: z.string(),
  a: z.string(),
  A: z.string(),
  T: millis,
  E: millis,
});

const Depth = z.object({
  e: z.literal("depthUpdate"),
  E: millis,
  T: millis,
  s: z.string(),
  U: id,
  u: id,
  pu: id,
  b: z.array(level),
  a: z.array(level),
});

const Trade = z.object({
  e: z.literal("trade"),
  E: millis,
  T: millis,
  s: z.string(),
  t: id,
  p: z.string(),
  q: z.string(),
  /** absent in old recordings */
  X: z.string().default("MARKET"),
  m: z.boolean(),
});

const Mark = z.object({
  e: z.literal("markPriceUpdate"),
  E: millis,
  s: z.string(),
  p: z.string(),
  r: z.string(),
  T: millis,
});

const Snapshot = z.object({
  lastUpdateId: id,
  E: millis,
  T: millis,
  bids: z.array(level),
  asks: z.array(level),
});

const StreamMessage = z.object({
  stream: z.string(),
  data: z.discriminatedUnion("e", [BookTicker, Depth, Trade, Mark]),
});

export type RawSnapshot = z.infer<typeof Snapshot>;
export type RawDepth = z.infer<typeof Depth>;
export type RawStreamEvent = z.infer<typeof StreamMessage>["data"];

export type RawLine = {
  /** the recorder's clock */
  readonly localTime: Micros;
  readonly message: { readonly e: "snapshot"; readonly book: RawSnapshot } | RawStreamEvent;
};

const microsDigits = 16;
const nanosDigits = 19;

/** @throws {Error} with what is wrong with the line; the caller knows its place */
export function parseRawLine(line: string): RawLine {
  const space = line.indexOf(" ");
  const time = line.slice(0, Math.max(0, space));
  if (!/^\d+$/.test(time) || (time.length !== microsDigits && time.length !== nanosDigits)) {
    throw new Error(
      `must begin with a local time of ${microsDigits} (µs) or ${nanosDigits} (ns) digits and a space, but begins with "${line.slice(0, 24)}"`,
    );
  }
  return { localTime: micros(Number(time.slice(0, microsDigits))), message: parseMessage(line.slice(space + 1)) };
}

function parseMessage(text: string): RawLine["message"] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("has no JSON after its time");
  }
  if (typeof value === "object" && value !== null && "lastUpdateId" in value) {
    return { e: "snapshot", book: accepted(Snapshot.safeParse(value), "a depth snapshot") };
  }
  return accepted(StreamMessage.safeParse(value), "a bookTicker, depthUpdate, trade or markPriceUpdate message").data;
}

function accepted<T>(result: z.ZodSafeParseResult<T>, what: string): T {
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`is not ${what}: ${issues.join("; ")}`);
}
