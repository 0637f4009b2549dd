/** Layers that see the nearest positions only (gemma3): which rows of a context they get, and which of those each new token sees. */
import type { ContextKv, LocalRows } from '../kv/context.ts';
import type { LocalLayers } from '../model/architecture.ts';
import { RopeTable } from '../model/rope.ts';
import { BLOCKED } from './masks.ts';

/** Where the new tokens of a run and the rows of its context lie. */
export interface Placement {
  /** Position of the first new token of every block. */
  start: number;
  blocks: readonly number[];
  /** Rows of the context. */
  length: number;
  /** Rows at the beginning of the context that lie at positions from 0 on; the others lie right before `start`. */
  apart: number;
}

export class LocalWindow {
  readonly rope: RopeTable;
  readonly #layers: readonly boolean[];
  readonly #window: number;

  constructor({ layers, window, rope }: LocalLayers) {
    this.#layers = layers;
    this.#window = window;
    this.rope = new RopeTable(rope);
  }

  get window(): number {
    return this.#window;
  }

  has(layer: number): boolean {
    return this.#layers[layer] === true;
  }

  /** What has to be laid for tokens from position `start` on. */
  rowsFor(start: number): LocalRows {
    return { layers: this.#layers, rope: this.rope, from: Math.max(0, start - this.#window + 1) };
  }

  /** The first row of the context that any of the new tokens sees. */
  firstRow({ start, length, apart }: Placement): number {
    const near = length - this.#window + 1;
    return near >= apart ? near : Math.min(apart, Math.max(0, start - this.#window + 1));
  }

  /** Added to the scores of the context [new tokens, 1 + rows from `first` on]; of the row before them, 0. */
  contextMask({ start, blocks, length, apart }: Placement, first: number): Float32Array {
    const columns = 1 + length - first;
    const tokens = blocks.reduce((sum, n) => sum + n, 0);
    const mask = new Float32Array(tokens * columns);
    const positionOf = (row: number) => (row < apart ? row : start - length + row);
    let token = 0;
    for (const n of blocks) {
      for (let i = 0; i < n; i++, token++) {
        for (let column = 1; column < columns; column++) {
          if (start + i - positionOf(first + column - 1) < this.#window) break;
          mask[token * columns + column] = BLOCKED;
        }
      }
    }
    return mask;
  }

  /**
   * Sets the row before the first to zeros, as the graph wants it of values, while `run` runs.
   * @param first as `firstRow` gives it
   */
  async withZeroRow<T>(context: ContextKv, first: number, run: () => Promise<T>): Promise<T> {
    if (first === 0) return run();
    const { kvHeads } = context.shape;
    const hidden = this.#layers.flatMap((local, layer) =>
      local
        ? Array.from({ length: kvHeads }, (_, head) => {
            const row = context.values(layer, head, first).subarray(0, context.shape.headDim);
            return { row, values: Float32Array.from(row) };
          })
        : [],
    );
    for (const { row } of hidden) row.fill(0);
    try {
      return await run();
    } finally {
      for (const { row, values } of hidden) row.set(values);
    }
  }
}
