/** How moments of a run are told to people. */

/** Hours, minutes, seconds and milliseconds. @param since microseconds since the world began */
export function clockText(since: number): string {
  const milliseconds = Math.floor(since / 1_000);
  const part = (value: number, places: number): string => String(value).padStart(places, "0");
  const seconds = Math.floor(milliseconds / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return `${part(hours, 2)}:${part(minutes, 2)}:${part(seconds % 60, 2)}.${part(milliseconds % 1_000, 3)}`;
}
