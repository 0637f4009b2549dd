/** Runs the model over new tokens, with or without a context. The graph is in shared/model/onnx/decoder.ts. */

import type { ContextKv } from '../kv/context.ts';
import type { KvShape } from '../kv/shape.ts';
import type { CompiledModel } from '../model/compiled.ts';
import type { Provider } from '../model/compute.ts';
import { type InferenceSession, openSession, type SessionOptions, Tensor } from '../model/onnxruntime.ts';
import { RopeTable } from '../model/rope.ts';
import type { Steps } from '../turns/steps.ts';
import { LocalWindow, type Placement } from './local-window.ts';
import { causalMask, windowedMask } from './masks.ts';

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
  /**
   * Rows at the beginning of the context that lie at positions from 0 on; the others lie right before `start`. All
   * where absent.
   */
  apart?: number | undefined;
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
  /** Where the model has layers that see the nearest positions only. */
  readonly local: LocalWindow | undefined;
  readonly shape: KvShape;
  readonly provider: Provider;
  #session: InferenceSession;

  private constructor(model: CompiledModel, session: InferenceSession, provider: Provider) {
    const { layers, kvHeads, headDim, rope, local } = model.manifest.architecture;
    this.model = model;
    this.provider = provider;
    this.shape = { layers, kvHeads, headDim };
    this.rope = new RopeTable(rope);
    this.local = local && new LocalWindow(local);
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
    const results = await this.#runSession(input, fetches);
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
    const results = await this.#runSession(input, names);
    return names.map((name) => results[name]!.data as Float32Array);
  }

  async #runSession(input: RunInput, fetches: readonly string[]) {
    const { context, start, tokens } = input;
    const length = context?.length ?? 0;
    const placement = {
      start,
      blocks: input.blocks ?? [tokens.length],
      length,
      apart: input.apart ?? length,
    };
    const firstLocal = this.local?.firstRow(placement) ?? 0;
    const run = () => this.#session.run(this.#feeds(input, placement, firstLocal), fetches);
    return context && this.local ? this.local.withZeroRow(context, firstLocal, run) : run();
  }

  #feeds(input: RunInput, placement: Placement, firstLocal: number): Record<string, Tensor> {
    const { layers, kvHeads, headDim } = this.shape;
    const { tokens, context } = input;
    const { start, blocks } = placement;
    const length = tokens.length;
    const rows = input.logitRows ?? [length - 1];
    const mask = input.mask ?? causalMask(blocks);
    const feeds: Record<string, Tensor> = {
      input_ids: new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, length]),
      ...angles('rope', this.rope, start, blocks),
      mask: new Tensor('float32', mask, [length, length]),
      logit_rows: new Tensor('int64', BigInt64Array.from(rows, BigInt), [rows.length]),
    };
    if (this.local !== undefined) {
      const { rope, window } = this.local;
      const onContext = this.local.contextMask(placement, firstLocal);
      Object.assign(feeds, angles('local_rope', rope, start, blocks), {
        local_mask: new Tensor('float32', windowedMask(mask, length, window), [length, length]),
        local_context_mask: new Tensor('float32', onContext, [length, onContext.length / length]),
      });
    }
    const empty = new Float32Array(headDim);
    for (let layer = 0; layer < layers; layer++) {
      const first = this.local?.has(layer) ? firstLocal : 0;
      const shape = [1 + placement.length - first, headDim];
      for (let head = 0; head < kvHeads; head++) {
        const at = `${layer}.${head}`;
        const keys = context?.keys(layer, head, first) ?? empty;
        feeds[`context_key.${at}`] = new Tensor('float32', keys, shape);
        const values = context?.values(layer, head, first) ?? empty;
        feeds[`context_value.${at}`] = new Tensor('float32', values, shape);
      }
    }
    return feeds;
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

/** The inputs `NAME_cos` and `NAME_sin` of new tokens: blocks that each begin at `start`. */
function angles(
  name: string,
  rope: RopeTable,
  start: number,
  blocks: readonly number[],
): Record<string, Tensor> {
  const rows = blocks.map((length) => rope.rows(start, length));
  const input = (parts: Float32Array[]) => {
    const all = parts.length === 1 ? parts[0]! : concatFloats(parts);
    return new Tensor('float32', all, [all.length / rope.half, rope.half]);
  };
  return {
    [`${name}_cos`]: input(rows.map(({ cos }) => cos)),
    [`${name}_sin`]: input(rows.map(({ sin }) => sin)),
  };
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
