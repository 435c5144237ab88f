/** What is used of the optional peer dependencies, which need not be installed. */

declare module "onnxruntime-node" {
  export const InferenceSession: unknown;
  export const Tensor: unknown;
}

declare module "onnxruntime-web" {
  export const InferenceSession: unknown;
  export const Tensor: unknown;
}
