import { expect, test } from "vitest";
import { doneIn } from "../../scripts/faults-in-pieces.ts";

const piece = '{"seeds":100,"violations":0,"simulated_hours":600}\n';

test("a long run goes on after the pieces that it has", () => {
  expect(doneIn(piece + piece)).toBe(200);
});

test("a piece whose line was cut short is run again", () => {
  expect(doneIn(`${piece}{"seeds":100,"viol`)).toBe(100);
});
