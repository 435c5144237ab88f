import fc from "fast-check";
import { expect, test } from "vitest";
import { microsPerMinute } from "../../src/domain/units.ts";
import { microsPerDay, SessionSchedule, tradingSessions } from "../../src/market/trading-sessions.ts";
import { settings } from "./support.ts";

const day = 20_000 * microsPerDay;

test.each([
  ["00:00", "ASIA"],
  ["06:59", "ASIA"],
  ["07:00", "LONDON"],
  ["12:00", "OVERLAP"],
  ["15:59", "OVERLAP"],
  ["16:00", "NEW_YORK"],
  ["21:00", "POST_NEW_YORK"],
  ["23:59", "POST_NEW_YORK"],
])("[MKT-6] at %s UTC it is %s, by the delivered schedule", (time, session) => {
  expect(new SessionSchedule(settings.market.sessions).at(day + minutesOf(time) * microsPerMinute)).toBe(session);
});

test("[MKT-6] a session that goes on over midnight began yesterday", () => {
  const schedule = new SessionSchedule({ ...settings.market.sessions, asia: "01:00", post_new_york: "22:30" });
  const time = day + 30 * microsPerMinute;
  expect(schedule.at(time)).toBe("POST_NEW_YORK");
  expect([schedule.startOf(time), schedule.endOf(time)]).toEqual([
    day - 90 * microsPerMinute,
    day + 60 * microsPerMinute,
  ]);
});

test("[MKT-6] whatever the schedule, each moment is inside exactly one session, as a look at every minute says", () => {
  const schedules = fc.uniqueArray(fc.integer({ min: 0, max: 1_439 }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(schedules, fc.integer({ min: 0, max: 2 * 1_440 - 1 }), (begins, minute) => {
      const [asia = "", london = "", overlap = "", new_york = "", post_new_york = ""] = begins.map(textOf);
      const schedule = new SessionSchedule({ asia, london, overlap, new_york, post_new_york });
      const time = day + minute * microsPerMinute;
      let back = minute;
      while (!begins.includes((back + 1_440) % 1_440)) back--;
      const name = tradingSessions[begins.indexOf((back + 1_440) % 1_440)];
      expect([schedule.at(time), schedule.startOf(time)]).toEqual([name, day + back * microsPerMinute]);
      const end = schedule.endOf(time);
      expect(end > time && schedule.startOf(end) === end && schedule.at(end - 1) === name).toBe(true);
    }),
    { numRuns: 500 },
  );
});

function minutesOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

function textOf(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
