/**
 * The frame of a tape file, and a checksum over it. Arrow has none, and a damaged length in its headers can make a
 * reader ask for any amount of memory: so nothing of a file is interpreted before the whole of it is known to be sound.
 *
 * `ARROW1, padding | batches, end mark | seal: mark, CRC-32, padding | footer | footer length | ARROW1`
 *
 * Arrow readers find the footer from the end and the batches from the footer, so the seal is in nobody's way.
 */

import { crc32 } from "node:zlib";

const magic = new TextEncoder().encode("ARROW1");
const mark = new TextEncoder().encode("scalpd1\0");
const sealBytes = mark.length + 8;
const headBytes = 8;
const lengthBytes = 4;
const tailBytes = lengthBytes + magic.length;

/** The file with its seal, from what Arrow wrote. */
export function sealed(file: Uint8Array): Uint8Array {
  const footerStart = footerStartOf(file);
  const result = new Uint8Array(file.length + sealBytes);
  result.set(file.subarray(0, footerStart));
  result.set(mark, footerStart);
  result.set(file.subarray(footerStart), footerStart + sealBytes);
  viewOf(result).setUint32(footerStart + mark.length, checksum(result, footerStart), true);
  return result;
}

/** What is wrong with the file as a whole; null when it is as it was written. */
export function sealProblem(file: Uint8Array): string | null {
  if (file.length === 0) return "is empty";
  if (!standsAt(file, 0, magic)) return "is no Arrow file: it does not begin with ARROW1";
  if (file.length < headBytes + sealBytes + tailBytes || !standsAt(file, file.length - magic.length, magic)) {
    return "is truncated: it does not end with ARROW1";
  }
  const sealStart = footerStartOf(file) - sealBytes;
  if (sealStart < headBytes || !standsAt(file, sealStart, mark)) {
    return "is no tape, or a damaged one: no checksum stands before its footer (only scalpd writes tapes)";
  }
  if (viewOf(file).getUint32(sealStart + mark.length, true) !== checksum(file, sealStart)) {
    return "is damaged: its checksum does not match";
  }
  return null;
}

function footerStartOf(file: Uint8Array): number {
  const lengthStart = file.length - tailBytes;
  return lengthStart - viewOf(file).getUint32(lengthStart, true);
}

/** Of everything but the four bytes that hold it. */
function checksum(file: Uint8Array, sealStart: number): number {
  const place = sealStart + mark.length;
  return crc32(file.subarray(place + 4), crc32(file.subarray(0, place)));
}

function standsAt(file: Uint8Array, place: number, text: Uint8Array): boolean {
  return text.every((byte, index) => file[place + index] === byte);
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}
