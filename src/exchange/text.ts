/** Decimal text of the wire to whole numbers and back, exactly. */

/** Decimal text scaled to whole 10⁻⁸; null when it is not plain decimal text or has more than eight decimals. */
export function e8FromText(text: string): bigint | null {
  // At most 15 digits: the product is off by less than a half, so rounding it is exact.
  if (/^-?\d{1,7}(\.\d{1,8})?$/.test(text)) return BigInt(Math.round(Number(text) * 1e8));
  const match = /^(-?)(\d{1,20})(?:\.(\d{1,20}))?$/.exec(text);
  if (match === null) return null;
  const fraction = (match[3] ?? "").replace(/0+$/, "");
  if (fraction.length > 8) return null;
  const value = BigInt(`${match[2]}${fraction.padEnd(8, "0")}`);
  return match[1] === "-" ? -value : value;
}

export function isDecimalText(text: string): boolean {
  return /^-?\d{1,20}(\.\d{1,20})?$/.test(text);
}

/** Decimals that matter: trailing zeros do not count. */
export function significantDecimals(text: string): number {
  const point = text.indexOf(".");
  if (point < 0) return 0;
  let end = text.length;
  while (text.charAt(end - 1) === "0") end -= 1;
  return end - point - 1;
}

/** Whole 10⁻⁸ as text with `decimals` ≤ 8 places; what lies beyond is cut. */
export function textFromE8(value: bigint | number, decimals: number): string {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return textFromSafeE8(number, decimals);
  const whole = BigInt(value);
  const digits = String(whole < 0 ? -whole : whole).padStart(9, "0");
  const point = digits.length - 8;
  const fraction = digits.slice(point, point + decimals);
  const text = decimals === 0 ? digits.slice(0, point) : `${digits.slice(0, point)}.${fraction}`;
  return whole < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** In two parts, because a number of less than ten digits is written many times faster. */
function textFromSafeE8(value: number, decimals: number): string {
  const size = Math.abs(value);
  const whole = Math.floor(size / 1e8);
  const digits = String(size - whole * 1e8).padStart(8, "0");
  const fraction = decimals === 0 ? "" : `.${digits.slice(0, decimals)}`;
  const text = `${whole}${fraction}`;
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** Whole 10⁻⁸ as the shortest text, as on fields that the exchange does not pad. */
export function shortTextFromE8(value: bigint | number): string {
  if (value === 0n) return "0";
  const text = textFromE8(value, 8);
  let end = text.length;
  while (text.charAt(end - 1) === "0") end -= 1;
  if (text.charAt(end - 1) === ".") end -= 1;
  return text.slice(0, end);
}

/** a ÷ b rounded half away from zero. */
export function divideRounded(a: bigint, b: bigint): bigint {
  const negative = a < 0n !== b < 0n;
  const top = a < 0n ? -a : a;
  const bottom = b < 0n ? -b : b;
  const quotient = (2n * top + bottom) / (2n * bottom);
  return negative ? -quotient : quotient;
}
