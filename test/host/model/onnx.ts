/** Writes ONNX files for tests, field by field: small ones that are sound, and ones that nobody should load. */

type Part = Uint8Array | readonly number[];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

export function joined(...parts: readonly Part[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function number(field: number, value: number): Uint8Array {
  return joined(varint(field * 8), varint(value));
}

export function block(field: number, content: Part | string): Uint8Array {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return joined(varint(field * 8 + 2), varint(bytes.length), bytes);
}

export function value(name: string, shape: readonly (number | string)[], element = 1): Uint8Array {
  const dimensions = shape.map((size) => block(1, typeof size === "number" ? number(1, size) : block(2, size)));
  return joined(block(1, name), block(2, block(1, joined(number(1, element), block(2, joined(...dimensions))))));
}

export function tensor(name: string, dimensions: readonly number[], more: Part = []): Uint8Array {
  return joined(...dimensions.map((size) => number(1, size)), number(2, 1), block(8, name), more);
}

export function node(operator: string, attributes: readonly Uint8Array[] = [], domain = ""): Uint8Array {
  return joined(
    block(1, "x"),
    block(2, "y"),
    block(4, operator),
    ...attributes.map((attribute) => block(5, attribute)),
    ...(domain === "" ? [] : [block(7, domain)]),
  );
}

export type Parts = {
  readonly nodes?: readonly Uint8Array[];
  readonly constants?: readonly Uint8Array[];
  readonly inputs?: readonly Uint8Array[];
  readonly outputs?: readonly Uint8Array[];
  /** further fields of the graph, and of the model */
  readonly graph?: Part;
  readonly model?: Part;
};

export const features = 16;
export const horizons = 3;

/** One matrix, one bias and a sigmoid, unless `parts` say otherwise. */
export function model(parts: Parts = {}): Uint8Array {
  const graph = joined(
    ...(parts.nodes ?? [node("Gemm"), node("Sigmoid")]).map((one) => block(1, one)),
    block(2, "test"),
    ...(parts.constants ?? [tensor("w", [features, horizons]), tensor("b", [horizons])]).map((one) => block(5, one)),
    ...(parts.inputs ?? [value("features", ["batch", features])]).map((one) => block(11, one)),
    ...(parts.outputs ?? [value("p_up", [1, horizons])]).map((one) => block(12, one)),
    parts.graph ?? [],
  );
  return joined(number(1, 9), block(7, graph), parts.model ?? []);
}

/** A node between named values. */
export function wired(operator: string, inputs: readonly string[], output: string): Uint8Array {
  return joined(...inputs.map((name) => block(1, name)), block(2, output), block(4, operator));
}

/** A constant with its numbers. */
export function floats(name: string, dimensions: readonly number[], values: readonly number[]): Uint8Array {
  return tensor(name, dimensions, block(9, new Uint8Array(Float32Array.from(values).buffer)));
}

/** A model that a runtime takes: the version of its operators stands in it. */
export function runnable(parts: Parts): Uint8Array {
  return model({ ...parts, model: block(8, joined(block(1, ""), number(2, 13))) });
}
