/** Text from outside, made safe to show. */

/**
 * One line: control, format and separator characters are escaped, what is longer than `longest` is cut.
 * @see failure-catalogue S-14
 */
export function oneLine(text: string, longest: number): string {
  if (text.length <= longest && isPlain(text)) return text;
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/** Printable ASCII, as nearly every text is: seen in a fraction of the time that the search for the others takes. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
