/** The SIMD kernels of kernels.wat, on a WebAssembly memory of their own. */
import { readFileSync } from 'node:fs';

const MODULE = new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));

/** Addresses are in bytes, counts in values: multiples of 8. */
export interface Kernels {
  /** The first columns of rows int8 [tokens, width] * scales [columns] -> out float32 [tokens, columns] */
  scale_rows(rows: number, scales: number, out: number, tokens: number, columns: number, width: number): void;
  /** The same + bias [columns], rotated by cos, sin [tokens, half]; columns beyond 2 * half are not rotated. */
  reencode_rows(
    rows: number,
    scales: number,
    bias: number,
    cos: number,
    sin: number,
    out: number,
    tokens: number,
    half: number,
    columns: number,
    width: number,
  ): void;
  /** rows float32 [tokens, width] -> peaks [width], zeros before */
  peak_rows(rows: number, peaks: number, tokens: number, width: number): void;
  /** rows float32 [tokens, width] * inverse [width], rounded -> out int8 */
  quantize_rows(rows: number, inverse: number, out: number, tokens: number, width: number): void;
}

export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(MODULE, { env: { memory } }).exports as unknown as Kernels;
}

/** Lays areas one after the other, each on a 64-byte boundary. */
export class Layout {
  #end = 0;

  /** Bytes taken so far. */
  get end(): number {
    return this.#end;
  }

  /** Address of a new area. */
  take(bytes: number): number {
    const at = this.#end;
    this.#end = Math.ceil((at + bytes) / 64) * 64;
    return at;
  }
}

const PAGE = 65_536;

/** Grows a memory, if need be, to hold `bytes`. Views of it made before are void then. */
export function ensureBytes(memory: WebAssembly.Memory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
  if (missing > 0) memory.grow(missing);
}
