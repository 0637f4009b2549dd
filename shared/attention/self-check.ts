/**
 * The check that every compiled model must pass. One pass over a whole prompt with the block mask defines block
 * attention, so encoding, storing, re-encoding and attending must give the same numbers. Both sides share the graph;
 * an error in it (RoPE, dequantisation) shows in how likely the model finds English text.
 */

import { BlockragError } from '../errors.ts';
import { decodeBlob, encodeBlob } from '../kv/blob.ts';
import { ContextKv } from '../kv/context.ts';
import type { KvDtype } from '../kv/dtypes.ts';
import type { BlockKv } from '../kv/shape.ts';
import type { Check, CompiledModel, ModelManifest } from '../model/compiled.ts';
import { concatTokens } from '../model/tokens.ts';
import { drain } from '../turns/steps.ts';
import { Decoder } from './decoder.ts';
import { encodeBlock } from './encode.ts';
import { promptMask } from './masks.ts';
import { referencePrompts } from './reference-prompts.ts';
import { REFERENCE_PASSAGES } from './reference-text.ts';
import { logSoftmax, topIds } from './sampling.ts';

/** Largest difference of log-probability among the ten likeliest tokens, fp32 compute and fp32 blobs. */
export const MAX_EXACTNESS = 0.02;
/**
 * Largest mean KL divergence, fp32 or int8 blobs. Quantised compute types are held to this alone: a difference
 * in the last bit of a sum can push an activation over a rounding step, and log-probabilities of unlikely
 * tokens then move by tenths (SmolLM2-135M, one pass against blobs: KL 0.003 for q8, 0.007 for w8a8).
 */
export const MAX_DIVERGENCE = 0.02;
/**
 * The same for a quantised compute type with an adapter: the surer of its answers a model is, the more the same
 * rounding counts (the shipped adapter: q8 0.006, w8a8 0.013 to 0.021; keys not re-encoded 0.13).
 */
export const MAX_ADAPTED_DIVERGENCE = 0.05;
/**
 * Least mean log-probability per byte of the reference text. SmolLM2-135M scores -0.68; permuted rows -1.11, no
 * rotation -1.17, a RoPE scaling of 4 ignored -1.03, swapped nibbles -5.7, in one matrix -0.81. A RoPE base ten
 * times off is not seen (-0.71, -0.69): a text this short hardly needs the slow frequencies.
 */
export const MIN_TEXT_SCORE = -0.8;
/** With an adapter: one that teaches to answer from documents makes other text less likely (-0.83 was seen). */
export const MIN_ADAPTED_TEXT_SCORE = -1;

/** Checks a compiled model. @throws BlockragError `model_check_failed` */
export async function selfCheck(model: CompiledModel, options: { text: boolean }): Promise<Check> {
  const decoder = await Decoder.open(model);
  try {
    const prompts = await referencePrompts(model);
    const encoded = new Map<Uint32Array, BlockKv>();
    let exactness = 0;
    let divergence = 0;
    let blobDivergence = 0;
    for (const blocks of prompts) {
      for (const block of blocks.slice(0, -1)) {
        if (!encoded.has(block)) encoded.set(block, await drain(encodeBlock(decoder, block)));
      }
      const kvs = blocks.slice(0, -1).map((block) => encoded.get(block)!);
      const onePass = await runOnePass(decoder, blocks);
      const fp32 = await runFromBlobs(decoder, kvs, blocks.at(-1)!, 'fp32');
      const int8 = await runFromBlobs(decoder, kvs, blocks.at(-1)!, 'int8');
      for (const id of topIds(onePass, 10)) {
        exactness = Math.max(exactness, Math.abs(onePass[id]! - fp32[id]!));
      }
      divergence += klDivergence(onePass, fp32) / prompts.length;
      blobDivergence += klDivergence(onePass, int8) / prompts.length;
    }
    // Negated comparisons, so that NaN fails.
    if (model.manifest.compute === 'fp32' && !(exactness <= MAX_EXACTNESS)) {
      throw failed(`block attention differs from one pass by ${exactness.toFixed(4)} log-probability`);
    }
    const mostDivergence = maxDivergence(model.manifest);
    if (!(divergence <= mostDivergence)) {
      throw failed(`block attention differs from one pass by a KL divergence of ${divergence.toFixed(4)}`);
    }
    if (!(blobDivergence <= mostDivergence)) {
      throw failed(`int8 keys and values cause a KL divergence of ${blobDivergence.toFixed(4)}`);
    }
    const textScore = options.text && model.manifest.hasTokenizer ? await scoreText(decoder) : null;
    if (textScore !== null) requireSaneText(textScore, model.manifest.adapter !== null);
    return { exactness, divergence, blobDivergence, textScore };
  } finally {
    await decoder.dispose();
  }
}

/** What a model is held to: `MAX_DIVERGENCE` or `MAX_ADAPTED_DIVERGENCE`. */
export function maxDivergence({ adapter, compute }: Pick<ModelManifest, 'adapter' | 'compute'>): number {
  return adapter === null || compute === 'fp32' ? MAX_DIVERGENCE : MAX_ADAPTED_DIVERGENCE;
}

/** Mean log-probability per byte of the reference text, natural logarithm. */
export async function scoreText(decoder: Decoder): Promise<number> {
  const tokenizer = await decoder.model.tokenizer();
  let sum = 0;
  let bytes = 0;
  for (const { text } of REFERENCE_PASSAGES) {
    // Gemma cannot read without the mark that its texts begin with.
    const { addBos, bos } = tokenizer.file;
    const begin = addBos && bos !== undefined ? Uint32Array.of(bos) : new Uint32Array();
    const tokens = concatTokens([begin, tokenizer.encode(text)]);
    const rows = Array.from(tokens.keys());
    const { logits } = await decoder.run({ tokens, start: 0, logitRows: rows }, []);
    const vocabulary = logits.length / tokens.length;
    for (let i = 0; i + 1 < tokens.length; i++) {
      const next = logSoftmax(logits.subarray(i * vocabulary, (i + 1) * vocabulary));
      sum += next[tokens[i + 1]!]!;
      bytes += tokenizer.bytes(tokens[i + 1]!).length;
    }
  }
  return sum / bytes;
}

/** @throws BlockragError `model_check_failed` when the text score of a model, with an adapter or without, says that it is broken */
export function requireSaneText(textScore: number, adapted: boolean): void {
  const least = adapted ? MIN_ADAPTED_TEXT_SCORE : MIN_TEXT_SCORE;
  if (textScore >= least) return;
  throw failed(
    `it finds plain English unlikely (${textScore.toFixed(2)} per byte, at least ${least} expected)`,
  );
}

/** KL divergence of two rows of log-probabilities, in nats. */
export function klDivergence(reference: Float32Array, other: Float32Array): number {
  return reference.reduce((sum, p, i) => sum + Math.exp(p) * (p - other[i]!), 0);
}

async function runOnePass(decoder: Decoder, blocks: readonly Uint32Array[]): Promise<Float32Array> {
  const tokens = concatTokens(blocks);
  const lengths = blocks.map((block) => block.length);
  const { logits } = await decoder.run({ tokens, start: 0, mask: promptMask(lengths, 'block') }, []);
  return logSoftmax(logits);
}

async function runFromBlobs(
  decoder: Decoder,
  encoded: readonly BlockKv[],
  finalBlock: Uint32Array,
  dtype: KvDtype,
): Promise<Float32Array> {
  const { shape, rope, model } = decoder;
  const { keyBias } = model;
  const context = new ContextKv(shape);
  const length = encoded.reduce((sum, kv) => sum + kv.tokens, 0);
  const local = decoder.local?.rowsFor(length);
  context.reset(length + finalBlock.length);
  for (const kv of encoded) {
    const key = 'self-check';
    const object = encodeBlob(kv, { key, dtype, shape, provenance: decoder.provenance, keyBias });
    const blob = decodeBlob(object, { key, dtype, tokens: kv.tokens, shape, verify: 'crc32' });
    context.lay(blob, rope, keyBias, local);
  }
  return logSoftmax((await drain(decoder.extend(context, finalBlock))).logits);
}

function failed(why: string): BlockragError {
  return new BlockragError('model_check_failed', `The compiled model is not usable: ${why}.`);
}
