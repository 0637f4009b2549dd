/** Encodes token ids straight into the blobs that are stored. */

import { encodeBlob } from '../kv/blob.ts';
import type { KvDtype } from '../kv/dtypes.ts';
import type { Steps } from '../turns/steps.ts';
import type { Decoder } from './decoder.ts';
import { type Anchor, encodeBlock, encodeBlocks } from './encode.ts';
import { inRuns, SHARED_RUN } from './runs.ts';

export interface EncodeRequest {
  /** Whose they are: tenants take turns (turns/scheduler.ts). */
  tenant?: string;
  blocks: { tokens: Uint32Array; key: string }[];
  dtype: KvDtype;
}

/** Encodes a block to its blob. */
export async function* encodeToBlob(
  decoder: Decoder,
  block: { tokens: Uint32Array; key: string },
  dtype: KvDtype,
  anchor: Anchor | undefined,
): Steps<Uint8Array<ArrayBuffer>> {
  const kv = yield* encodeBlock(decoder, block.tokens, anchor);
  return toBlob(decoder, kv, block.key, dtype);
}

/** Encodes blocks to their blobs, in the same order; short ones share runs. Yields between the runs. */
export async function* encodeToBlobs(
  decoder: Decoder,
  { blocks, dtype }: EncodeRequest,
): Steps<Uint8Array<ArrayBuffer>[]> {
  const objects: Uint8Array<ArrayBuffer>[] = [];
  for (const run of inRuns(blocks, SHARED_RUN[decoder.provider])) {
    if (objects.length > 0) yield;
    if (run.length === 1) objects.push(yield* encodeToBlob(decoder, run[0]!, dtype, undefined));
    else {
      const kvs = await encodeBlocks(
        decoder,
        run.map(({ tokens }) => tokens),
      );
      for (const [i, kv] of kvs.entries()) objects.push(toBlob(decoder, kv, run[i]!.key, dtype));
    }
  }
  return objects;
}

function toBlob(
  { shape, model, provenance }: Decoder,
  kv: Parameters<typeof encodeBlob>[0],
  key: string,
  dtype: KvDtype,
): Uint8Array<ArrayBuffer> {
  return encodeBlob(kv, { key, dtype, shape, provenance, keyBias: model.keyBias });
}
