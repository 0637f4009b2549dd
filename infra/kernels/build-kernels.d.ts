/** The bytes of kernels.wasm. */
export function assembleKernels(): Promise<Uint8Array>;
