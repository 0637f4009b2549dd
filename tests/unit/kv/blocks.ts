/** Blocks of random keys and values for tests of this folder. */
import {
  decodeBlob,
  type ExpectedBlob,
  encodeBlob,
  type KvBlob,
  type KvDtype,
} from '../../../shared/kv/blob.ts';
import { type BlockKv, type KvShape, kvWidth } from '../../../shared/kv/shape.ts';

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
