/**
 * The last line against leaks: secrets that the process holds are cut out of any text that would leave it, whoever wrote
 * it, even where a field's name is allowed. Before it stands the allow-list of names. @see failure-catalogue S-01, I-22
 */

const hidden = "[secret]";
/** Shorter ones are no secrets, and would cut holes into words. */
const lengthMin = 6;
/** Ways of writing each secret that are known; a key has a few. */
const formsMax = 64;

/** Signatures and listen keys come and go: they are known by where they stand, also in a URL within a URL. */
const passing: readonly RegExp[] = [
  /((?:signature|listenKey)(?:\\?"|%22)? ?(?:[=:]|%3D|%3A) ?(?:\\?"|%22)?)[\w%+/=-]{8,}/gi,
  /(\/(?:ws|stream)\/)[A-Za-z0-9]{32,}/g,
];

/** The shortest text that one of them can be found in. */
const passingMin = "listenKey=".length + 8;

let forms: readonly string[] = [];

/** From now on these, as they are or encoded, do not leave the process by logs, alerts or the journal. */
export function conceal(secrets: readonly string[]): void {
  const found = secrets.flatMap((secret) => secret.split("\n")).filter((line) => line.length >= lengthMin);
  const all = new Set([...forms, ...found.flatMap(written)]);
  // The longest first, so that no part of one is left standing.
  forms = [...all].sort((a, b) => b.length - a.length).slice(0, formsMax);
}

/** @param longest what is needed of the text at most: a megabyte is not searched */
export function concealed(text: string, longest: number): string {
  const [longestForm = ""] = forms;
  const isCut = text.length > 4 * longest;
  let shown = isCut ? text.slice(0, 4 * longest) : text;
  for (const form of forms) if (shown.includes(form)) shown = shown.replaceAll(form, hidden);
  if (shown.length >= passingMin) for (const pattern of passing) shown = shown.replace(pattern, `$1${hidden}`);
  shown = withoutBeginning(shown);
  // What the cut may have left of a secret.
  return isCut ? shown.slice(0, Math.max(0, shown.length - longestForm.length)) : shown;
}

/** Whoever handed the text over may have cut it in the middle of a secret. */
function withoutBeginning(text: string): string {
  for (const form of forms) {
    const at = text.lastIndexOf(form.slice(0, lengthMin));
    if (at >= 0 && form.startsWith(text.slice(at))) return `${text.slice(0, at)}${hidden}`;
  }
  return text;
}

function written(secret: string): readonly string[] {
  const base64 = Buffer.from(secret).toString("base64");
  return [
    secret,
    encodeURIComponent(secret),
    base64.replace(/=+$/, ""),
    Buffer.from(secret).toString("base64url"),
    [...secret].reverse().join(""),
    JSON.stringify(secret).slice(1, -1),
  ];
}
