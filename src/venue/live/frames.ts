/**
 * WebSocket frames as a client reads and writes them. Ours, because a library's streams between socket and parser cost
 * several times what the parsing of a market message does (docs/benchmarks.md, T1).
 *
 * @see RFC 6455 §5; failure-catalogue S-24
 */

import { assert, InvariantError } from "../../domain/assert.ts";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
type Opcode = (typeof opcodes)[keyof typeof opcodes];

/** What a message brings, and what breaks the protocol. Bytes are good until the call returns: they are copied by nobody. */
export type FrameSink = {
  readonly onMessage: (bytes: Uint8Array) => void;
  readonly onControl: (opcode: Opcode, payload: Uint8Array) => void;
  /** @param code of a close frame. @see RFC 6455 §7.4.1 */
  readonly onViolation: (code: number, what: string) => void;
};

export const closeCodes = { normal: 1_000, protocolError: 1_002, tooBig: 1_009 } as const;

const finalBit = 0x80;
const reservedBits = 0x70;
const maskBit = 0x80;
const lengthBits = 0x7f;
const controlBit = 0x08;
const controlPayloadMax = 125;
/** Lengths of 16 and of 64 bits follow. */
const mediumLength = 126;
const longLength = 127;
const mediumMax = 0xffff;
/** A message in more parts than this is a way to keep a reader busy, not to say something. */
const partsMax = 1_024;

const empty = new Uint8Array(0);

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #messageMax: number;
  /** the beginning of a frame whose end has not come */
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #isDone = false;

  /** @param messageMax bytes of a message, all its parts together */
  constructor(messageMax: number, sink: FrameSink) {
    this.#messageMax = messageMax;
    this.#sink = sink;
  }

  /** Nothing more is read: what is left of a chunk is nobody's business. */
  end(): void {
    this.#isDone = true;
  }

  read(chunk: Uint8Array): void {
    const bytes = this.#heldBytes === 0 ? chunk : this.#joined(chunk);
    let from = 0;
    while (!this.#isDone) {
      const end = this.#frameEnd(bytes, from);
      if (end < 0) break;
      from = end;
    }
    this.#hold(bytes, from);
  }

  /** Takes one frame in. @returns where it ends; negative when it is not complete */
  #frameEnd(bytes: Uint8Array, from: number): number {
    const left = bytes.length - from;
    if (left < 2) return -1;
    const first = byteAt(bytes, from);
    const second = byteAt(bytes, from + 1);
    const short = second & lengthBits;
    const head = short < mediumLength ? 2 : short === mediumLength ? 4 : 10;
    if (left < head) return -1;
    const length = short < mediumLength ? short : lengthAt(bytes, from + 2, head - 2);
    if (!this.#isLegal(first, second, length)) return -1;
    const end = from + head + length;
    if (end > bytes.length) return -1;
    this.#take(first, bytes.subarray(from + head, end));
    return end;
  }

  #isLegal(first: number, second: number, length: number): boolean {
    const isControl = (first & controlBit) !== 0;
    if ((first & reservedBits) !== 0) return this.#fail(closeCodes.protocolError, "reserved bits are set");
    if ((second & maskBit) !== 0) return this.#fail(closeCodes.protocolError, "a server does not mask");
    if (isControl && (length > controlPayloadMax || (first & finalBit) === 0)) {
      return this.#fail(closeCodes.protocolError, "a control frame in parts, or too long");
    }
    if (length + this.#partBytes > this.#messageMax) return this.#fail(closeCodes.tooBig, "the message is too long");
    return true;
  }

  #take(first: number, payload: Uint8Array): void {
    const opcode = first & 0x0f;
    const isFinal = (first & finalBit) !== 0;
    switch (opcode) {
      case opcodes.text:
      case opcodes.binary:
        if (this.#parts.length > 0) this.#fail(closeCodes.protocolError, "a message within another");
        else if (isFinal) this.#sink.onMessage(payload);
        else this.#addPart(payload);
        return;
      case opcodes.continuation:
        if (this.#parts.length === 0) this.#fail(closeCodes.protocolError, "a continuation of nothing");
        else {
          this.#addPart(payload);
          if (isFinal && !this.#isDone) this.#finishParts();
        }
        return;
      case opcodes.close:
      case opcodes.ping:
      case opcodes.pong:
        return this.#sink.onControl(opcode, payload);
      default:
        this.#fail(closeCodes.protocolError, `opcode ${opcode} is reserved`);
    }
  }

  #addPart(payload: Uint8Array): void {
    if (this.#parts.length >= partsMax) {
      this.#fail(closeCodes.tooBig, `a message in more than ${partsMax} parts`);
      return;
    }
    this.#parts.push(new Uint8Array(payload));
    this.#partBytes += payload.length;
  }

  #finishParts(): void {
    const message = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    this.#sink.onMessage(message);
  }

  #fail(code: number, what: string): false {
    this.#isDone = true;
    this.#sink.onViolation(code, what);
    return false;
  }

  #joined(chunk: Uint8Array): Uint8Array {
    this.#append(chunk);
    return this.#held.subarray(0, this.#heldBytes);
  }

  #hold(bytes: Uint8Array, from: number): void {
    const isOurs = bytes.buffer === this.#held.buffer && this.#heldBytes > 0;
    const before = this.#heldBytes;
    this.#heldBytes = 0;
    if (this.#isDone || from === bytes.length) return;
    if (isOurs) {
      this.#held.copyWithin(0, from, before);
      this.#heldBytes = before - from;
    } else this.#append(bytes.subarray(from));
  }

  #append(bytes: Uint8Array): void {
    const total = this.#heldBytes + bytes.length;
    if (total > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(2 * total);
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = total;
  }
}

/** Infinite when 2⁵³ does not hold it, which no limit allows. */
function lengthAt(bytes: Uint8Array, from: number, size: number): number {
  let length = 0;
  for (let index = from; index < from + size; index += 1) length = length * 256 + byteAt(bytes, index);
  return Number.isSafeInteger(length) ? length : Number.POSITIVE_INFINITY;
}

/** Frames that a client sends, each masked with four bytes that nobody can foresee (RFC 6455 §5.3). */
export class FrameWriter {
  readonly #randomFill: (bytes: Uint8Array) => void;
  readonly #masks = new Uint8Array(4_096);
  #maskAt = this.#masks.length;

  /** @param randomFill from a cryptographic source */
  constructor(randomFill: (bytes: Uint8Array) => void) {
    this.#randomFill = randomFill;
  }

  text(text: string): Buffer {
    // Three bytes hold any UTF-16 unit; an order has some 300 characters, all of them of one byte.
    const size = text.length * 3 > mediumMax ? Buffer.byteLength(text) : text.length * 3;
    const head = headBytes(size);
    const frame = Buffer.allocUnsafe(head + size);
    const length = frame.write(text, head, "utf8");
    return this.#finish(frame, opcodes.text, head, length);
  }

  control(opcode: Opcode, payload: Uint8Array = empty): Buffer {
    assert(payload.length <= controlPayloadMax, "a control frame holds 125 bytes");
    const head = headBytes(payload.length);
    const frame = Buffer.allocUnsafe(head + payload.length);
    frame.set(payload, head);
    return this.#finish(frame, opcode, head, payload.length);
  }

  /** Writes the head that was left room for, which may be longer than the length needs: then the frame begins later. */
  #finish(frame: Buffer, opcode: Opcode, room: number, length: number): Buffer {
    const begin = room - headBytes(length);
    frame[begin] = finalBit | opcode;
    if (length <= controlPayloadMax) frame[begin + 1] = maskBit | length;
    else if (length <= mediumMax) {
      frame[begin + 1] = maskBit | mediumLength;
      frame.writeUInt16BE(length, begin + 2);
    } else {
      frame[begin + 1] = maskBit | longLength;
      frame.writeUInt32BE(Math.floor(length / 2 ** 32), begin + 2);
      frame.writeUInt32BE(length >>> 0, begin + 6);
    }
    this.#mask(frame, room, length);
    return frame.subarray(begin, room + length);
  }

  #mask(frame: Buffer, from: number, length: number): void {
    if (this.#maskAt === this.#masks.length) {
      this.#randomFill(this.#masks);
      this.#maskAt = 0;
    }
    const masks = this.#masks;
    const maskAt = this.#maskAt;
    this.#maskAt += 4;
    for (let index = 0; index < 4; index += 1) frame[from - 4 + index] = byteAt(masks, maskAt + index);
    for (let index = 0; index < length; index += 1) {
      frame[from + index] = byteAt(frame, from + index) ^ byteAt(masks, maskAt + (index & 3));
    }
  }
}

/**
 * A byte that must be there. Not the helper of all arrays: where that one has seen many kinds of them, masking an order
 * byte by byte costs several microseconds.
 */
function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) throw new InvariantError(`byte ${index} outside ${bytes.length}`);
  return byte;
}

/** Bytes before the payload, the mask among them. */
function headBytes(length: number): number {
  if (length <= controlPayloadMax) return 6;
  return length <= mediumMax ? 8 : 14;
}
