/** Market messages that contradict themselves. */

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A touch whose bid stands above its ask; other messages stay as they are. */
export function crossed(bytes: Uint8Array): Uint8Array {
  const text = decoder.decode(bytes);
  if (!text.includes('"e":"bookTicker"')) return bytes;
  const bid = /"b":"([^"]+)"/.exec(text)?.[1] ?? "";
  const ask = /"a":"([^"]+)"/.exec(text)?.[1] ?? "";
  return encoder.encode(text.replace(`"b":"${bid}"`, `"b":"${ask}"`).replace(`"a":"${ask}"`, `"a":"${bid}"`));
}
