/** Compute types and providers. They have a file of their own so that options do not load onnxruntime. */

/** What each is: onnx/linear.ts. */
export const COMPUTE_TYPES = ['fp32', 'fp16', 'q8', 'w8a8'] as const;
export type ComputeType = (typeof COMPUTE_TYPES)[number];
/** Fastest to encode, and close enough to float32 (docs/lab). */
export const DEFAULT_COMPUTE: ComputeType = 'w8a8';

export const PROVIDERS = ['cpu', 'cuda'] as const;
export type Provider = (typeof PROVIDERS)[number];
