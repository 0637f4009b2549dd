/** Questions answered by the product's own engine: passages encoded, stored as blobs, laid and attended to. */

import type { PromptBlock, PromptFigures } from '../../shared/attention/answer.ts';
import { Decoder } from '../../shared/attention/decoder.ts';
import { Engine } from '../../shared/attention/engine.ts';
import type { AttentionMode } from '../../shared/attention/modes.ts';
import { GREEDY } from '../../shared/attention/sampling.ts';
import { BlockragError } from '../../shared/errors.ts';
import type { KvDtype } from '../../shared/kv/dtypes.ts';
import { blobKey } from '../../shared/kv/key.ts';
import type { CompiledModel } from '../../shared/model/compiled.ts';
import { PromptTemplate, passageText } from '../../shared/model/prompt.ts';
import type { Tokenizer } from '../../shared/model/tokenizer.ts';
import { type Ablation, answerAblated, type EncodedBlock, recomputedTokens } from './ablation.ts';
import type { EvalPassage } from './records.ts';

/** Tokens of an answer at most, as in the paper. */
const MAX_TOKENS = 32;
/** One prompt's context at a time. */
const CONTEXT_BYTES = 2 ** 31;

/** An attention mode, or block attention with a part of it changed. */
export type Mode = { attention: AttentionMode } | { ablation: Ablation };

export interface Answered extends Pick<PromptFigures, 'reusedTokens' | 'encodedTokens' | 'finalTokens'> {
  output: string;
  /** Attention that the answer's tokens gave to each block, preface first (attention/grounding.ts); empty for ablations. */
  attention: number[];
}

type KeyedBlock = Omit<EncodedBlock, 'object'>;

interface Prompt {
  /** Preface and passages. */
  blocks: KeyedBlock[];
  finalBlock: Uint32Array;
}

export class Answering {
  readonly model: CompiledModel;
  readonly dtype: KvDtype;
  #threads: number | undefined;
  #engine: Engine;
  #tokenizer: Tokenizer;
  #template: PromptTemplate;
  /** By key, of the latest prompt's blocks: what the store would have. */
  #blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  /** For ablations, which the engine does not offer. */
  #decoder: Promise<Decoder> | undefined;

  private constructor(
    model: CompiledModel,
    tokenizer: Tokenizer,
    dtype: KvDtype,
    threads: number | undefined,
  ) {
    this.model = model;
    this.dtype = dtype;
    this.#threads = threads;
    this.#tokenizer = tokenizer;
    this.#template = new PromptTemplate(tokenizer);
    this.#engine = new Engine({
      directory: model.directory,
      threads,
      contextBytes: CONTEXT_BYTES,
    });
  }

  /** @param threads of the model; undefined: as many as this process may use cores */
  static async open(model: CompiledModel, dtype: KvDtype, threads?: number): Promise<Answering> {
    return new Answering(model, await model.tokenizer(), dtype, threads);
  }

  /**
   * Answers greedily. The passages' blobs are kept until the next question, for it to be answered in other modes too.
   * @param passages in the order of the prompt, one block each
   * @throws BlockragError `prompt_too_long`
   */
  async answer(question: string, passages: readonly EvalPassage[], mode: Mode): Promise<Answered> {
    const prompt: Prompt = {
      blocks: [
        this.#template.preface,
        ...passages.map(({ title, text }) => this.#tokenizer.encode(passageText(title, text))),
      ].map((tokens) => ({ tokens, key: this.#key(tokens) })),
      finalBlock: this.#template.finalBlock(question),
    };
    const length = totalTokens(prompt.blocks) + prompt.finalBlock.length;
    const { contextLength } = this.model.manifest.architecture;
    if (length + MAX_TOKENS > contextLength) {
      throw new BlockragError('prompt_too_long', `${length} tokens are more than ${contextLength}.`);
    }
    const keys = new Set(prompt.blocks.map(({ key }) => key));
    for (const key of this.#blobs.keys()) if (!keys.has(key)) this.#blobs.delete(key);
    if ('ablation' in mode) return this.#ablated(prompt, mode.ablation);
    return this.#served(prompt, mode.attention);
  }

  async dispose(): Promise<void> {
    await this.#engine.dispose();
    await (await this.#decoder)?.dispose();
  }

  async #served({ blocks, finalBlock }: Prompt, attention: AttentionMode): Promise<Answered> {
    const tokens: number[] = [];
    const attended = blocks.map(() => 0);
    let figures: PromptFigures | undefined;
    await this.#engine.answer(
      {
        attention,
        blocks: await this.#promptBlocks(blocks, attention),
        finalBlock,
        dtype: this.dtype,
        sampling: GREEDY,
        maxTokens: MAX_TOKENS,
        end: this.#tokenizer.file.end,
      },
      {
        onEvent: (event) => {
          if (event.kind === 'token') {
            tokens.push(event.id);
            for (const [block, share] of event.attention.entries()) attended[block]! += share;
          } else if (event.kind === 'attended') figures = event;
        },
      },
    );
    const { reusedTokens, encodedTokens, finalTokens } = figures!;
    return { output: this.#text(tokens), attention: attended, reusedTokens, encodedTokens, finalTokens };
  }

  /** Under anchor attention passages are encoded on the spot. */
  async #promptBlocks(blocks: KeyedBlock[], attention: AttentionMode): Promise<PromptBlock[]> {
    if (attention === 'full') return blocks.map((block) => ({ ...block, object: undefined }));
    const stored = await this.#stored(attention === 'block' ? blocks : blocks.slice(0, 1));
    // Copies: what is answered with moves to the engine.
    const ready = stored.map((block) => ({ ...block, object: block.object.slice() }));
    if (attention === 'block') return ready;
    const [preface, ...passages] = blocks as [KeyedBlock, ...KeyedBlock[]];
    let start = preface.tokens.length;
    const anchored = passages.map(({ tokens }) => {
      const key = this.#key(tokens, { preface: preface.key, start });
      start += tokens.length;
      return { tokens, key, object: undefined };
    });
    return [...ready, ...anchored];
  }

  /** The blocks with their blobs: what is missing is encoded, each block by itself, as at upload. */
  async #stored(blocks: readonly KeyedBlock[]): Promise<EncodedBlock[]> {
    const missing = blocks.filter(({ key }) => !this.#blobs.has(key));
    const objects = await this.#engine.encode({ blocks: missing, dtype: this.dtype });
    for (const [i, { key }] of missing.entries()) this.#blobs.set(key, objects[i]!);
    return blocks.map((block) => ({ ...block, object: this.#blobs.get(block.key)! }));
  }

  #key(tokens: Uint32Array, anchor?: { preface: string; start: number }): string {
    const { weightsHash, ropeHash } = this.model.manifest;
    const identity = { weightsHash, ropeHash, tokenizerHash: this.#tokenizer.hash, dtype: this.dtype };
    return blobKey({ ...identity, anchor, tenant: 'eval', tokens });
  }

  async #ablated({ blocks, finalBlock }: Prompt, ablation: Ablation): Promise<Answered> {
    this.#decoder ??= Decoder.open(this.model, { threads: this.#threads });
    const { end } = this.#tokenizer.file;
    const stored = await this.#stored(blocks);
    const prompt = { blocks: stored, finalBlock, dtype: this.dtype, maxTokens: MAX_TOKENS, end };
    const output = this.#text(await answerAblated(await this.#decoder, prompt, ablation));
    const encodedTokens = recomputedTokens(ablation, blocks);
    const reusedTokens = totalTokens(blocks) - encodedTokens;
    return { output, attention: [], reusedTokens, encodedTokens, finalTokens: finalBlock.length };
  }

  #text(tokens: readonly number[]): string {
    return this.#tokenizer.decode(tokens).trim();
  }
}

function totalTokens(blocks: readonly KeyedBlock[]): number {
  return blocks.reduce((sum, { tokens }) => sum + tokens.length, 0);
}
