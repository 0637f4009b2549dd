/** Runs the model over new tokens, with or without a context. The graph is in shared/model/onnx/decoder.ts. */

import type { ContextKv } from '../kv/context.ts';
import type { KvShape } from '../kv/shape.ts';
import type { CompiledModel } from '../model/compiled.ts';
import type { Provider } from '../model/compute.ts';
import { type InferenceSession, openSession, type SessionOptions, Tensor } from '../model/onnxruntime.ts';
import { RopeTable } from '../model/rope.ts';
import type { Steps } from './steps.ts';

/** Added to a score that must not count; finite, so that a row of nothing else is no NaN. */
const BLOCKED = -1e30;

/** Tokens of one run at most: longer inputs go in chunks, each with the earlier ones as context. */
export const CHUNK = 512;

export interface RunInput {
  tokens: Uint32Array;
  /** Position of the first token. */
  start: number;
  /**
   * Lengths of blocks that lie one behind the other in `tokens`: each begins at `start`, and sees only itself (and
   * the context). One block where absent.
   */
  blocks?: readonly number[];
  context?: ContextKv | undefined;
  /** Added scores among the new tokens [S, S]; causal, block by block, where absent. */
  mask?: Float32Array;
  /** Which new tokens get logits, the last new token last; only that one where absent. */
  logitRows?: readonly number[];
}

/**
 * What a run gives back of the new tokens, beside logits. For blobs: keys before rotation and values, [S, kv_heads,
 * head_dim] for each layer. For the context: keys rotated and values, [kv_heads, S, head_dim] for each layer.
 */
export type KvOutput = 'key' | 'value' | 'new_key' | 'new_value';
export const FOR_BLOB = ['key', 'value'] as const;
export const FOR_CONTEXT = ['new_key', 'new_value'] as const;

/**
 * logits [rows, vocabulary]; attention [rows, context length], how much each new token with logits attends to each
 * token of the context (model/onnx/decoder.ts); each KvOutput, empty where it was not asked for.
 */
export type RunOutput = { logits: Float32Array; attention: Float32Array } & Record<KvOutput, Float32Array[]>;

export class Decoder {
  readonly model: CompiledModel;
  readonly rope: RopeTable;
  readonly shape: KvShape;
  readonly provider: Provider;
  #session: InferenceSession;

  private constructor(model: CompiledModel, session: InferenceSession, provider: Provider) {
    const { layers, kvHeads, headDim, rope } = model.manifest.architecture;
    this.model = model;
    this.provider = provider;
    this.shape = { layers, kvHeads, headDim };
    this.rope = new RopeTable(rope);
    this.#session = session;
  }

  static async open(model: CompiledModel, options: SessionOptions = {}): Promise<Decoder> {
    return new Decoder(model, await openSession(model.graphFile, options), options.provider ?? 'cpu');
  }

  /** Ends the profile that `SessionOptions.profile` asked for: its file is whole then. */
  endProfile(): void {
    this.#session.endProfiling();
  }

  /** Compute type and provider, as blobs tell what computed them. */
  get provenance(): string {
    return `${this.model.manifest.compute}/${this.provider}`;
  }

  /** Runs new tokens; only the outputs asked for are copied out of onnxruntime. */
  async run(input: RunInput, outputs: readonly KvOutput[]): Promise<RunOutput> {
    // onnxruntime 1.30 divides by zero on an empty product, which would end the process.
    if (input.tokens.length === 0) throw new RangeError('a run needs at least one token');
    const { layers } = this.shape;
    const fetches = ['logits', 'attention'];
    for (let layer = 0; layer < layers; layer++) {
      for (const output of outputs) fetches.push(`${output}.${layer}`);
    }
    const results = await this.#session.run(this.#feeds(input), fetches);
    const data = (name: string) => results[name]!.data as Float32Array;
    const perLayer = (output: KvOutput) =>
      outputs.includes(output)
        ? Array.from({ length: layers }, (_, layer) => data(`${output}.${layer}`))
        : [];
    return {
      logits: data('logits'),
      attention: data('attention'),
      key: perLayer('key'),
      value: perLayer('value'),
      new_key: perLayer('new_key'),
      new_value: perLayer('new_value'),
    };
  }

  /** Runs new tokens through a model compiled with observers (model/onnx/decoder.ts); the outputs named. */
  async observe(input: RunInput, names: readonly string[]): Promise<Float32Array[]> {
    const results = await this.#session.run(this.#feeds(input), names);
    return names.map((name) => results[name]!.data as Float32Array);
  }

  #feeds(input: RunInput): Record<string, Tensor> {
    const { layers, kvHeads, headDim } = this.shape;
    const { tokens, context } = input;
    const length = tokens.length;
    const blocks = input.blocks ?? [length];
    const { cos, sin } = this.#angles(input.start, blocks);
    const rows = input.logitRows ?? [length - 1];
    const feeds: Record<string, Tensor> = {
      input_ids: new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, length]),
      rope_cos: new Tensor('float32', cos, [length, this.rope.half]),
      rope_sin: new Tensor('float32', sin, [length, this.rope.half]),
      mask: new Tensor('float32', input.mask ?? causalMask(blocks), [length, length]),
      logit_rows: new Tensor('int64', BigInt64Array.from(rows, BigInt), [rows.length]),
    };
    const shape = [1 + (context?.length ?? 0), headDim];
    const empty = new Float32Array(headDim);
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < kvHeads; head++) {
        const at = `${layer}.${head}`;
        feeds[`context_key.${at}`] = new Tensor('float32', context?.keys(layer, head) ?? empty, shape);
        feeds[`context_value.${at}`] = new Tensor('float32', context?.values(layer, head) ?? empty, shape);
      }
    }
    return feeds;
  }

  #angles(start: number, blocks: readonly number[]): { cos: Float32Array; sin: Float32Array } {
    if (blocks.length === 1) return this.rope.rows(start, blocks[0]!);
    const rows = blocks.map((length) => this.rope.rows(start, length));
    return {
      cos: concatFloats(rows.map(({ cos }) => cos)),
      sin: concatFloats(rows.map(({ sin }) => sin)),
    };
  }

  /**
   * Runs tokens as the prompt's next ones and appends them to the context; chunked. Yields between the chunks.
   * @returns of the last token its logits, and its attention to what lay in the context before the last chunk
   */
  async *extend(context: ContextKv, tokens: Uint32Array): Steps<Pick<RunOutput, 'logits' | 'attention'>> {
    if (tokens.length === 0) throw new RangeError('there must be a final block to attend with');
    let last: Pick<RunOutput, 'logits' | 'attention'> | undefined;
    for (let at = 0; at < tokens.length; at += CHUNK) {
      if (at > 0) yield;
      const chunk = tokens.subarray(at, at + CHUNK);
      const output = await this.run({ tokens: chunk, start: context.length, context }, FOR_CONTEXT);
      context.append(chunk.length, output.new_key, output.new_value);
      last = output;
    }
    return last!;
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

function concatFloats(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Every token sees itself and those before it in its block: [length, length], length the sum of all. */
function causalMask(blocks: readonly number[]): Float32Array {
  const length = blocks.reduce((sum, n) => sum + n, 0);
  const mask = new Float32Array(length * length);
  let start = 0;
  for (const n of blocks) {
    for (let row = start; row < start + n; row++) {
      mask.fill(BLOCKED, row * length, row * length + start);
      mask.fill(BLOCKED, row * length + row + 1, (row + 1) * length);
    }
    start += n;
  }
  return mask;
}

/**
 * The mask of a whole prompt in one pass: `full` is causal; in `block` every block but the last sees only
 * itself; in `anchor` it sees block 0 too. [length, length]
 */
export function promptMask(lengths: readonly number[], attention: 'full' | 'block' | 'anchor'): Float32Array {
  const length = lengths.reduce((sum, n) => sum + n, 0);
  const mask = causalMask([length]);
  if (attention === 'full') return mask;
  const visible = attention === 'anchor' ? lengths[0]! : 0;
  let start = 0;
  for (const n of lengths.slice(0, -1)) {
    for (let row = start; row < start + n; row++) {
      mask.fill(BLOCKED, row * length + Math.min(visible, start), row * length + start);
    }
    start += n;
  }
  return mask;
}
