/**
 * Looks into an ONNX file before a runtime does (failure-catalogue S-30): only operators that compute numbers from numbers
 * in bounded space, no loops, no code, no other files; one input of the features, one output of the horizons.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the numbers of the fields
 */

import { type Field, fieldsOf, numbersOf, ProtobufError, textOf } from "./protobuf.ts";

export type Graph = { readonly input: string; readonly output: string };

/** The model cannot be used: the message says what of it. */
export class GraphError extends Error {
  override readonly name = "GraphError";
}

/**
 * With tensors of at most two dimensions, and none of the operators that repeat or join, nothing can grow beyond
 * {@link dimensionMax} squared. A file of some kilobytes can ask for that at every node and keep it: so many nodes of so
 * many values are what a runtime may need.
 */
const operators: ReadonlySet<string> = new Set([
  ...["Abs", "Add", "BatchNormalization", "Cast", "Clip", "Constant", "Div", "Dropout", "Elu", "Erf", "Exp", "Flatten"],
  ...[
    "Gelu",
    "Gemm",
    "HardSigmoid",
    "Identity",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
  ],
  ...["Min", "Mul", "Neg", "Pow", "PRelu", "Reciprocal", "Relu", "Selu", "Sigmoid", "Softmax", "Softplus", "Softsign"],
  ...["Sqrt", "Squeeze", "Sub", "Tanh"],
  ...["Imputer", "LinearRegressor", "Normalizer", "Scaler", "TreeEnsembleRegressor"],
]);
const domains: ReadonlySet<string> = new Set(["", "ai.onnx", "ai.onnx.ml"]);

const nodesMax = 200;
const ranksMax = 2;
const dimensionMax = 1_024;
const float32 = 1;
/** a remark on a type, which changes nothing */
const typeDenotation = 6;

/**
 * @param inputs features, and `outputs` horizons
 * @throws {GraphError}
 */
export function inspectModel(bytes: Uint8Array, inputs: number, outputs: number): Graph {
  try {
    return inspected(bytes, inputs, outputs);
  } catch (error) {
    if (error instanceof ProtobufError) throw new GraphError(`no ONNX model: ${error.message}`, { cause: error });
    throw error;
  }
}

function inspected(bytes: Uint8Array, inputs: number, outputs: number): Graph {
  let graph: Uint8Array | null = null;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 7) graph = only(graph, field, "graph");
    if (field.number === 25) throw new GraphError("functions of its own are not allowed");
    if (field.number === 20) throw new GraphError("training information is not allowed");
  }
  if (graph === null) throw new GraphError("no ONNX model: it has no graph");
  return inspectGraph(graph, inputs, outputs);
}

function only(before: Uint8Array | null, { bytes }: Field, what: string): Uint8Array {
  if (before !== null) throw new GraphError(`more than one ${what}`);
  return bytes;
}

function inspectGraph(graph: Uint8Array, inputs: number, outputs: number): Graph {
  const constants = new Set<string>();
  const entrances: Value[] = [];
  const exits: Value[] = [];
  let nodes = 0;
  for (const field of fieldsOf(graph)) {
    switch (field.number) {
      case 1:
        nodes += 1;
        if (nodes > nodesMax) throw new GraphError(`more than ${nodesMax} nodes`);
        inspectNode(field.bytes);
        break;
      case 5:
        constants.add(inspectTensor(field.bytes));
        break;
      case 11:
        entrances.push(portValue(field.bytes));
        break;
      case 12:
        exits.push(portValue(field.bytes));
        break;
      case 15:
        throw new GraphError("sparse constants are not allowed");
      default:
    }
  }
  const fed = entrances.filter(({ name }) => !constants.has(name));
  return { input: portOf(fed, "input", inputs), output: portOf(exits, "output", outputs) };
}

function inspectNode(node: Uint8Array): void {
  let operator = "";
  let domain = "";
  const attributes: Uint8Array[] = [];
  for (const field of fieldsOf(node)) {
    if (field.number === 4) operator = textOf(field);
    if (field.number === 7) domain = textOf(field);
    if (field.number === 5) attributes.push(field.bytes);
  }
  const name = operator.slice(0, 80);
  if (!domains.has(domain)) throw new GraphError(`operator ${name} of another domain: ${domain.slice(0, 80)}`);
  if (!operators.has(operator)) throw new GraphError(`operator ${name} is not allowed`);
  for (const attribute of attributes) inspectAttribute(attribute, operator);
}

function inspectAttribute(attribute: Uint8Array, operator: string): void {
  let length = 0;
  for (const field of fieldsOf(attribute)) {
    switch (field.number) {
      case 5:
      case 10:
        inspectTensor(field.bytes);
        break;
      case 6:
      case 11:
        throw new GraphError(`a graph inside of operator ${operator} is not allowed`);
      case 22:
      case 23:
        throw new GraphError(`a sparse constant inside of operator ${operator} is not allowed`);
      case 7:
      case 8:
        // A list of numbers, packed or one by one. As a constant it would be a tensor; elsewhere it is a parameter.
        length += Math.max(1, Math.ceil(field.bytes.length / (field.number === 7 ? 4 : 1)));
        if (operator === "Constant" && length > dimensionMax) {
          throw new GraphError(`a constant longer than ${dimensionMax}`);
        }
        break;
      default:
    }
  }
}

/** @returns its name */
function inspectTensor(tensor: Uint8Array): string {
  const dimensions: number[] = [];
  let name = "";
  for (const field of fieldsOf(tensor)) {
    if (field.number === 1) dimensions.push(...numbersOf(field));
    if (field.number === 8) name = textOf(field);
    if (field.number === 13 || (field.number === 14 && field.value !== 0)) {
      throw new GraphError("weights in another file are not allowed");
    }
    if (dimensions.length > ranksMax) throw new GraphError(`a constant of more than ${ranksMax} dimensions`);
  }
  const largest = Math.max(0, ...dimensions);
  if (largest > dimensionMax) throw new GraphError(`a constant of ${largest} values a side; allowed: ${dimensionMax}`);
  return name;
}

/** A dimension that has a name and no number is null. */
type Value = { readonly name: string; readonly element: number; readonly shape: readonly (number | null)[] };

function portValue(bytes: Uint8Array): Value {
  let name = "";
  let element = 0;
  const shape: (number | null)[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) name = textOf(field);
    if (field.number !== 2) continue;
    for (const type of fieldsOf(field.bytes)) {
      if (type.number === typeDenotation) continue;
      if (type.number !== 1) throw new GraphError(`${name.slice(0, 80)} is not a tensor`);
      for (const part of fieldsOf(type.bytes)) {
        if (part.number === 1) element = part.value;
        if (part.number === 2) shape.push(...dimensionsOf(part.bytes));
      }
    }
  }
  return { name, element, shape };
}

function* dimensionsOf(shape: Uint8Array): Generator<number | null> {
  for (const dimension of fieldsOf(shape)) {
    if (dimension.number !== 1) continue;
    const [field] = fieldsOf(dimension.bytes);
    yield field?.number === 1 ? field.value : null;
  }
}

/** The name of the one port, whose shape is rows × `width`; the number of rows may be left open. */
function portOf(values: readonly Value[], what: "input" | "output", width: number): string {
  const [value] = values;
  if (value === undefined || values.length !== 1) throw new GraphError(`${values.length} ${what}s; allowed: one`);
  const { name, element, shape } = value;
  if (element !== float32) throw new GraphError(`its ${what} is not of float32`);
  const [rows, columns] = shape;
  if (shape.length !== 2 || (rows !== null && rows !== 1) || columns !== width) {
    const shown = shape.map((dimension) => dimension ?? "?").join(" × ");
    throw new GraphError(`its ${what} is ${shown || "of no shape"}; needed: 1 × ${width}`);
  }
  return name;
}
