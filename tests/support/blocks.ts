/** Blocks of random keys and values for tests of this folder. */

import { expect } from 'vitest';
import { decodeBlob, type ExpectedBlob, encodeBlob, type KvBlob } from '../../shared/kv/blob.ts';
import type { ContextKv } from '../../shared/kv/context.ts';
import type { KvDtype } from '../../shared/kv/dtypes.ts';
import { type BlockKv, type KvShape, kvWidth } from '../../shared/kv/shape.ts';

export const SHAPE: KvShape = { layers: 2, kvHeads: 2, headDim: 4 };
export const WIDTH = kvWidth(SHAPE);

/** Smooth arbitrary numbers, another series for every seed. */
export function block(tokens: number, seed = 1, shape = SHAPE): BlockKv {
  const rows = (offset: number) =>
    Array.from({ length: shape.layers }, (_, layer) =>
      new Float32Array(tokens * kvWidth(shape)).map(
        (_, i) => 3 * Math.sin(seed * 7 + offset + layer * 5 + i * 1.7),
      ),
    );
  return { tokens, keys: rows(0), values: rows(50) };
}

export function expected(
  tokens: number,
  dtype: KvDtype,
  verify: ExpectedBlob['verify'] = 'sha256',
): ExpectedBlob {
  return { key: 'key', dtype, tokens, shape: SHAPE, verify };
}

export function encode(kv: BlockKv, dtype: KvDtype, keyBias?: Float32Array[]): Uint8Array<ArrayBuffer> {
  return encodeBlob(kv, { key: 'key', dtype, shape: SHAPE, provenance: 'test', keyBias });
}

/** A block as a reader sees it. */
export function stored(kv: BlockKv, dtype: KvDtype, keyBias?: Float32Array[]): KvBlob {
  return decodeBlob(encode(kv, dtype, keyBias), expected(kv.tokens, dtype));
}

/** Rows [tokens, kv_heads, head_dim] as [kv_heads, tokens, head_dim], which contexts take. */
export function byHead(rows: Float32Array, { kvHeads, headDim }: KvShape = SHAPE): Float32Array {
  const tokens = rows.length / (kvHeads * headDim);
  return rows.map((_, at) => {
    const head = Math.floor(at / (tokens * headDim));
    const token = Math.floor(at / headDim) % tokens;
    return rows[(token * kvHeads + head) * headDim + (at % headDim)]!;
  });
}

/** What a context holds of a layer, as rows [tokens, kv_heads, head_dim]. */
export function rowsOf(context: ContextKv, layer: number, kind: 'keys' | 'values'): Float32Array {
  const { kvHeads, headDim } = context.shape;
  const heads = Array.from({ length: kvHeads }, (_, head) => context[kind](layer, head));
  for (const rows of heads) expect(rows.subarray(0, headDim)).toEqual(new Float32Array(headDim));
  return new Float32Array(context.length * kvHeads * headDim).map((_, at) => {
    const token = Math.floor(at / (kvHeads * headDim));
    return heads[Math.floor(at / headDim) % kvHeads]![(1 + token) * headDim + (at % headDim)]!;
  });
}

export function append(context: ContextKv, { tokens, keys, values }: BlockKv): void {
  const { shape } = context;
  context.append(
    tokens,
    keys.map((rows) => byHead(rows, shape)),
    values.map((rows) => byHead(rows, shape)),
  );
}
