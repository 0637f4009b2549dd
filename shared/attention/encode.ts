/** Computes the keys and values of one block, which sees only itself (with anchor attention also the preface). */
import { ContextKv } from '../kv/context.ts';
import { type BlockKv, kvWidth } from '../kv/shape.ts';
import { concatTokens } from '../model/tokens.ts';
import type { Steps } from '../turns/steps.ts';
import { CHUNK, type Decoder, FOR_BLOB, FOR_CONTEXT } from './decoder.ts';

/**
 * Anchor attention: the preface, laid at position 0, and where the block starts. Its distance to the preface
 * enters every layer above the first, so what is computed holds for this position alone.
 */
export interface Anchor {
  preface: ContextKv;
  start: number;
}

/** Encodes a block; keys before rotation. A block longer than a chunk runs in chunks, with a yield between them. */
export async function* encodeBlock(decoder: Decoder, tokens: Uint32Array, anchor?: Anchor): Steps<BlockKv> {
  if (tokens.length <= CHUNK) {
    const input = { tokens, start: anchor?.start ?? 0, context: anchor?.preface };
    const { key, value } = await decoder.run(input, FOR_BLOB);
    return { tokens: tokens.length, keys: key, values: value };
  }
  // Later chunks attend to the rotated keys of earlier ones; what is kept is unrotated: fetch both.
  const { shape } = decoder;
  const context = new ContextKv(shape);
  context.reset((anchor?.preface.length ?? 0) + tokens.length);
  if (anchor !== undefined) context.appendAll(anchor.preface);
  const apart = anchor?.preface.length ?? 0;
  const width = kvWidth(shape);
  const rows = () => Array.from({ length: shape.layers }, () => new Float32Array(tokens.length * width));
  const kv: BlockKv = { tokens: tokens.length, keys: rows(), values: rows() };
  for (let at = 0; at < tokens.length; at += CHUNK) {
    if (at > 0) yield;
    const chunk = tokens.subarray(at, at + CHUNK);
    const input = { tokens: chunk, start: (anchor?.start ?? 0) + at, context, apart };
    const output = await decoder.run(input, [...FOR_BLOB, ...FOR_CONTEXT]);
    context.append(chunk.length, output.new_key, output.new_value);
    for (let layer = 0; layer < shape.layers; layer++) {
      kv.keys[layer]!.set(output.key[layer]!, at * width);
      kv.values[layer]!.set(output.value[layer]!, at * width);
    }
  }
  return kv;
}

/** Encodes several blocks in one run, each seeing only itself; keys before rotation, in the order of the blocks. */
export async function encodeBlocks(decoder: Decoder, blocks: readonly Uint32Array[]): Promise<BlockKv[]> {
  const lengths = blocks.map(({ length }) => length);
  const input = { tokens: concatTokens(blocks), start: 0, blocks: lengths };
  const { key, value } = await decoder.run(input, FOR_BLOB);
  const width = kvWidth(decoder.shape);
  let start = 0;
  return lengths.map((tokens) => {
    const rows = (layers: readonly Float32Array[]) =>
      layers.map((layer) => layer.subarray(start * width, (start + tokens) * width));
    const kv = { tokens, keys: rows(key), values: rows(value) };
    start += tokens;
    return kv;
  });
}
