import { expect, test } from "vitest";
import { always, classesOfCases, elsewhere, general } from "../../src/faults/plan/catalogue.ts";
import { classes } from "../../src/faults/plan/classes.ts";
import { demandedProbes } from "../../src/faults/plan/demanded.ts";

const cases = Array.from({ length: 89 }, (_, index) => `F-${String(index + 1).padStart(2, "0")}`);
const names = classes.map(({ name }) => name);

test("each of the 89 cases of the catalogue occurs as a class, always, or stands with its reason", () => {
  const told = [classesOfCases, always, elsewhere].flatMap((table) => Object.keys(table));
  expect(told.toSorted()).toEqual(cases);
});

test("the classes that cases name exist, and each class is named by a case or is general", () => {
  const named = new Set<string>([...Object.values(classesOfCases).flat(), ...general]);
  expect([...named].toSorted()).toEqual(names.toSorted());
});

test("each class has a name of its own, and its storm is worse than its calm", () => {
  expect(new Set(names).size).toBe(names.length);
  expect(classes.filter(({ calm, storm }) => calm >= storm)).toEqual([]);
});

test("each class is demanded in the middle of something, and no probe is demanded twice", () => {
  const demanded = demandedProbes();
  const without = names.filter((name) => !demanded.some((probe) => probe.startsWith(`${name} × `)));
  expect([without, new Set(demanded).size]).toEqual([[], demanded.length]);
});
