/** Reads the fields of a protocol-buffers message without a schema: enough to look into a model before anyone runs it. */

/** The bytes are no such message. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

export type Field = {
  readonly number: number;
  /** the value of a varint or fixed field; 0 for a length-delimited one */
  readonly value: number;
  /** the bytes of a length-delimited field; empty for others */
  readonly bytes: Uint8Array;
};

const nothing = new Uint8Array(0);
const varintBytesMax = 10;

/** @throws {ProtobufError} while it is read */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  while (at < message.length) {
    const key = varint(message, at);
    at = key.end;
    const number = Math.floor(key.value / 8);
    if (number === 0) throw new ProtobufError("a field without a number");
    switch (key.value % 8) {
      case 0: {
        const { value, end } = varint(message, at);
        at = end;
        yield { number, value, bytes: nothing };
        break;
      }
      case 1:
        at = skipped(message, at, 8);
        yield { number, value: 0, bytes: nothing };
        break;
      case 2: {
        const { value, end } = varint(message, at);
        at = skipped(message, end, value);
        yield { number, value: 0, bytes: message.subarray(end, at) };
        break;
      }
      case 5:
        at = skipped(message, at, 4);
        yield { number, value: 0, bytes: nothing };
        break;
      default:
        throw new ProtobufError(`an unknown kind of field ${number}`);
    }
  }
}

/** The numbers of a repeated varint field, packed or not. */
export function numbersOf({ bytes, value }: Field): number[] {
  if (bytes.length === 0) return [value];
  const numbers: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = varint(bytes, at);
    numbers.push(next.value);
    at = next.end;
  }
  return numbers;
}

const decoder = new TextDecoder();

export function textOf({ bytes }: Field): string {
  return decoder.decode(bytes);
}

/** Above 2⁵³ it loses its last digits, which no field that is looked at has. */
function varint(bytes: Uint8Array, from: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < varintBytesMax; index += 1) {
    const byte = bytes[from + index];
    if (byte === undefined) break;
    value += (byte % 128) * 2 ** (7 * index);
    if (byte < 128) return { value, end: from + index + 1 };
  }
  throw new ProtobufError("a number that does not end");
}

function skipped(bytes: Uint8Array, from: number, length: number): number {
  if (from + length > bytes.length) throw new ProtobufError("a field longer than the message");
  return from + length;
}
