/** Rotary position embedding: the angles of every position, computed once in double precision and grown on demand. */
import type { Rope } from './architecture.ts';

/** Cosines and sines of positions 0..n, row-major [positions, dimensions / 2]. */
export class RopeTable {
  readonly half: number;
  #inverseFrequencies: readonly number[];
  #positions = 0;
  #cos = new Float32Array();
  #sin = new Float32Array();

  constructor(rope: Rope) {
    this.half = rope.dimensions / 2;
    this.#inverseFrequencies = rope.inverseFrequencies;
  }

  /** Rows of `count` positions from `start` on: views, [count, dimensions / 2], valid until the table grows. */
  rows(start: number, count: number): { cos: Float32Array; sin: Float32Array } {
    this.#grow(start + count);
    const from = start * this.half;
    const to = from + count * this.half;
    return { cos: this.#cos.subarray(from, to), sin: this.#sin.subarray(from, to) };
  }

  #grow(positions: number): void {
    if (positions <= this.#positions) return;
    const size = Math.max(positions, this.#positions * 2, 1024);
    const cos = new Float32Array(size * this.half);
    const sin = new Float32Array(size * this.half);
    cos.set(this.#cos);
    sin.set(this.#sin);
    for (let position = this.#positions; position < size; position++) {
      for (let i = 0; i < this.half; i++) {
        const angle = position * this.#inverseFrequencies[i]!;
        cos[position * this.half + i] = Math.cos(angle);
        sin[position * this.half + i] = Math.sin(angle);
      }
    }
    this.#cos = cos;
    this.#sin = sin;
    this.#positions = size;
  }
}
