/** Alerts as text for people, and what makes any text safe inside a message. @see failure-catalogue S-13 */

import { oneLine } from "../../config/text.ts";
import type { Envelope } from "./channel.ts";
import { sentenceOf } from "./rules.ts";

const valueMax = 300;
/** Telegram takes 4096 characters after entities are read; what we add around stays below the rest. */
const textMax = 3_500;

/** For a message in HTML: nothing in it can be a tag or an entity, and no character changes how others are shown. */
function escaped(text: string): string {
  return oneLine(text, valueMax).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The lines of one message, the first one bold. */
export function html(lines: readonly string[]): string {
  let length = 0;
  const fitting = lines.map(escaped).filter((line) => {
    length += line.length + 1;
    return length <= textMax;
  });
  const [first = "", ...rest] = fitting;
  return [`<b>${first}</b>`, ...rest, ...(fitting.length < lines.length ? ["…"] : [])].join("\n");
}

/** Times are microseconds since the epoch. */
function shown(name: string, value: string | number | boolean | null): string {
  const isTime = (name === "since" || name === "until") && typeof value === "number";
  return isTime ? new Date(value / 1_000).toISOString() : String(value ?? "–");
}

export function alertLines({ alert, isRepeat, dropped }: Envelope): readonly string[] {
  const { severity, code, symbol, fields, time, id } = alert;
  return [
    [severity.toUpperCase(), code, ...(symbol === null ? [] : [symbol])].join(" "),
    sentenceOf(code, fields),
    ...Object.entries(fields).map(([name, value]) => `${name}: ${shown(name, value)}`),
    `${new Date(time / 1_000).toISOString()} ${id}`,
    ...(isRepeat ? ["Sent again: it may have arrived before."] : []),
    ...(dropped === 0 ? [] : [`${dropped} earlier messages were dropped.`]),
  ];
}
