/** Whole numbers below 2⁵³ to and from Arrow's 64-bit integers, without a BigInt for each. */

const twoTo32 = 4_294_967_296;
// High words of −2⁵³ and 2⁵³; outside of them a double would round.
const highMin = -2_097_152;
const highMax = 2_097_152;

/** A little-endian int64 column whose `index`-th value is `valueAt(index)`. */
export function int64FromNumbers(length: number, valueAt: (index: number) => number): BigInt64Array {
  const words = new Int32Array(length * 2);
  for (let index = 0; index < length; index += 1) {
    const value = valueAt(index);
    words[index * 2] = (value % twoTo32) | 0;
    words[index * 2 + 1] = Math.floor(value / twoTo32);
  }
  return new BigInt64Array(words.buffer);
}

/** Reads values one after the other into `put`; false when one of them is not exact as a double. */
export function numbersFromInt64(column: BigInt64Array, put: (index: number, value: number) => void): boolean {
  const words = new Int32Array(column.buffer, column.byteOffset, column.length * 2);
  for (let index = 0; index < column.length; index += 1) {
    const low = words[index * 2] ?? 0;
    const high = words[index * 2 + 1] ?? 0;
    if (high < highMin || high >= highMax) return false;
    put(index, high * twoTo32 + (low >>> 0));
  }
  return true;
}
