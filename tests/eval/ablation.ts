/** Block attention with a part changed: what that part is worth. */

import type { Decoder } from '../../shared/attention/decoder.ts';
import { argmax } from '../../shared/attention/sampling.ts';
import { decodeBlob, type KvBlob } from '../../shared/kv/blob.ts';
import { ContextKv } from '../../shared/kv/context.ts';
import type { KvDtype } from '../../shared/kv/dtypes.ts';
import { kvWidth } from '../../shared/kv/shape.ts';
import { RopeTable } from '../../shared/model/rope.ts';
import { drain } from '../../shared/turns/steps.ts';

export type Ablation =
  /** Blobs are laid without re-encoding: the keys of each block stay at its own positions 0, 1, ... */
  | { kind: 'local-positions' }
  /** The first tokens of each block are computed again where they stand, seeing all that lies before. */
  | { kind: 'recompute-first'; tokens: number };

/** Reads `local-positions` or `recompute-first-K`; undefined for anything else. */
export function parseAblation(name: string): Ablation | undefined {
  if (name === 'local-positions') return { kind: name };
  const match = /^recompute-first-([1-9]\d{0,3})$/.exec(name);
  return match === null ? undefined : { kind: 'recompute-first', tokens: Number(match[1]) };
}

/** Token ids and the KV blob of a block. */
export interface EncodedBlock {
  tokens: Uint32Array;
  key: string;
  object: Uint8Array<ArrayBuffer>;
}

export interface AblatedPrompt {
  /** Preface and passages. */
  blocks: readonly EncodedBlock[];
  finalBlock: Uint32Array;
  dtype: KvDtype;
  maxTokens: number;
  /** Token ids that end the answer. */
  end: readonly number[];
}

/** How many of a prompt's tokens an ablation computes before the final block; the others come from blobs. */
export function recomputedTokens(
  ablation: Ablation,
  blocks: readonly Pick<EncodedBlock, 'tokens'>[],
): number {
  if (ablation.kind === 'local-positions') return 0;
  return blocks.slice(1).reduce((sum, { tokens }) => sum + Math.min(ablation.tokens, tokens.length), 0);
}

/** Answers greedily under block attention, changed as asked; token ids. */
export async function answerAblated(
  decoder: Decoder,
  { blocks, finalBlock, dtype, maxTokens, end }: AblatedPrompt,
  ablation: Ablation,
): Promise<number[]> {
  const context = new ContextKv(decoder.shape);
  const length = blocks.reduce((sum, { tokens }) => sum + tokens.length, finalBlock.length);
  context.reset(length + maxTokens);
  const rope = new ShiftedRope(decoder.model.manifest.architecture.rope);
  for (const { tokens, key, object } of blocks) {
    const { shape } = decoder;
    let blob = decodeBlob(object, { key, dtype, tokens: tokens.length, shape, verify: 'crc32' });
    if (ablation.kind === 'local-positions') rope.origin = context.length;
    // The first block has nothing before it.
    else if (context.length > 0) {
      const first = Math.min(ablation.tokens, tokens.length);
      await extend(decoder, context, tokens.subarray(0, first));
      blob = withoutFirst(blob, first, kvWidth(decoder.shape));
    }
    context.lay(blob, rope, decoder.model.keyBias);
  }
  let { logits } = await drain(decoder.extend(context, finalBlock));
  const answer: number[] = [];
  while (answer.length < maxTokens) {
    const token = argmax(logits);
    if (end.includes(token)) break;
    answer.push(token);
    logits = await extend(decoder, context, Uint32Array.of(token));
  }
  return answer;
}

/** Computes tokens as the context's next ones; the logits of the last. */
async function extend(decoder: Decoder, context: ContextKv, tokens: Uint32Array): Promise<Float32Array> {
  return (await drain(decoder.extend(context, tokens))).logits;
}

function withoutFirst(blob: KvBlob, tokens: number, width: number): KvBlob {
  const rest = (rows: KvBlob['keys']) => rows.map((layer) => layer.subarray(tokens * width));
  return { ...blob, tokens: blob.tokens - tokens, keys: rest(blob.keys), values: rest(blob.values) };
}

/** Angles as if positions were counted from `origin` on. */
class ShiftedRope extends RopeTable {
  origin = 0;

  override rows(start: number, count: number) {
    return super.rows(start - this.origin, count);
  }
}
