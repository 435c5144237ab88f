import fc from "fast-check";
import { expect, test } from "vitest";
import { GraphError, inspectModel } from "../../../src/host/model/graph.ts";
import { block, features, horizons, joined, model, node, number, type Parts, tensor, value } from "./onnx.ts";

const inspected = (bytes: Uint8Array) => inspectModel(bytes, features, horizons);

test("[S-30] a small network passes, and its ports are found", () => {
  expect(inspected(model())).toEqual({ input: "features", output: "p_up" });
});

test("[S-30] constants that are listed among the inputs, as old exporters do, are none", () => {
  const inputs = [value("features", [1, features]), value("w", [features, horizons])];
  expect(inspected(model({ inputs }))).toEqual({ input: "features", output: "p_up" });
});

const subgraph = block(6, joined(block(1, node("Add"))));
const many = Array.from({ length: 201 }, () => node("Add"));

test.each<[string, Parts, RegExp]>([
  ["a loop", { nodes: [node("Loop", [subgraph])] }, /^operator Loop is not allowed$/],
  ["a condition", { nodes: [node("If")] }, /^operator If is not allowed$/],
  ["an operator that repeats", { nodes: [node("Tile")] }, /^operator Tile is not allowed$/],
  ["an operator that fills", { nodes: [node("ConstantOfShape")] }, /^operator ConstantOfShape is not allowed$/],
  ["an operator that joins", { nodes: [node("Concat")] }, /^operator Concat is not allowed$/],
  ["an operator of its own", { nodes: [node("Add", [], "evil.example")] }, /^operator Add of another domain: evil/],
  ["a graph inside of an allowed operator", { nodes: [node("Add", [subgraph])] }, /^a graph inside of operator Add/],
  ["too many nodes", { nodes: many }, /^more than 200 nodes$/],
  ["a huge constant", { constants: [tensor("w", [1_000_000_000, 4])] }, /^a constant of 1000000000 values a side/],
  ["a constant of many dimensions", { constants: [tensor("w", [2, 2, 2])] }, /^a constant of more than 2 dimensions$/],
  ["weights in another file", { constants: [tensor("w", [2], block(13, "x"))] }, /^weights in another file/],
  ["weights said to be elsewhere", { constants: [tensor("w", [2], number(14, 1))] }, /^weights in another file/],
  [
    "a huge constant inside of a node",
    { nodes: [node("Constant", [block(5, tensor("", [5_000]))])] },
    /^a constant of 5000 values a side/,
  ],
  [
    "a long list as a constant",
    { nodes: [node("Constant", [block(7, new Uint8Array(20_000))])] },
    /^a constant longer than 1024$/,
  ],
  [
    "a long list, number by number, as a constant",
    { nodes: [node("Constant", [joined(...Array.from({ length: 1_025 }, () => number(8, 1)))])] },
    /^a constant longer than 1024$/,
  ],
  ["a sparse constant", { graph: block(15, []) }, /^sparse constants are not allowed$/],
  ["functions", { model: block(25, []) }, /^functions of its own are not allowed$/],
  ["training information", { model: block(20, []) }, /^training information is not allowed$/],
  ["two graphs", { model: block(7, []) }, /^more than one graph$/],
  ["two inputs", { inputs: [value("a", [1, features]), value("c", [1, 1])] }, /^2 inputs; allowed: one$/],
  ["no output", { outputs: [] }, /^0 outputs; allowed: one$/],
  ["an input of another width", { inputs: [value("a", [1, 7])] }, /^its input is 1 × 7; needed: 1 × 16$/],
  ["an output of several rows", { outputs: [value("a", [2, horizons])] }, /^its output is 2 × 3; needed: 1 × 3$/],
  ["an output whose width is open", { outputs: [value("a", [1, "n"])] }, /^its output is 1 × \?; needed: 1 × 3$/],
  ["an output of whole numbers", { outputs: [value("a", [1, horizons], 7)] }, /^its output is not of float32$/],
])("[S-30] a model with %s is refused", (_what, parts, message) => {
  expect(() => inspected(model(parts))).toThrow(GraphError);
  expect(() => inspected(model(parts))).toThrow(message);
});

test("[S-30] bytes that are no model are refused, whatever they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => inspected(bytes)).toThrow(GraphError);
    }),
    { numRuns: 500 },
  );
});

test("[S-30] a damaged model is refused or has the same ports: nothing else is thrown", () => {
  const whole = model();
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), fc.boolean(), (place, byte, cuts) => {
      const bytes = cuts ? whole.slice(0, place) : whole.with(place, byte);
      try {
        inspected(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(GraphError);
      }
    }),
    { numRuns: 1_000 },
  );
});
