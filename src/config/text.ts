/** Text from outside, made safe to show. */

/**
 * One line: control, format and separator characters are escaped, what is longer than `longest` is cut.
 * @see failure-catalogue S-14
 */
export function oneLine(text: string, longest: number): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
