/** Questions answered by the product's own engine: passages encoded, stored as blobs, laid and attended to. */
import type { AttentionMode, PromptBlock, PromptFigures } from '../../shared/attention/answer.ts';
import { Decoder } from '../../shared/attention/decoder.ts';
import { Engine } from '../../shared/attention/engine.ts';
import { GREEDY } from '../../shared/attention/sampling.ts';
import { BlockragError } from '../../shared/errors.ts';
import type { KvDtype } from '../../shared/kv/blob.ts';
import { blobKey } from '../../shared/kv/key.ts';
import type { CompiledModel } from '../../shared/model/compiled.ts';
import { PromptTemplate, passageText } from '../../shared/model/prompt.ts';
import type { Tokenizer } from '../../shared/model/tokenizer.ts';
import { type Ablation, answerAblated } from './ablation.ts';
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

interface Prompt {
  /** Preface and passages, token ids. */
  blocks: Uint32Array[];
  finalBlock: Uint32Array;
}

export class Answering {
  readonly model: CompiledModel;
  readonly dtype: KvDtype;
  #threads: number | undefined;
  #engine: Engine;
  #tokenizer: Tokenizer;
  #template: PromptTemplate;
  /** The preface's blob, the same for every question. */
  #preface: Uint8Array<ArrayBuffer> | undefined;
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
   * Answers greedily. Of the passages nothing is kept: the next question finds no blob of this one.
   * @param passages in the order of the prompt, one block each
   * @throws BlockragError `prompt_too_long`
   */
  async answer(question: string, passages: readonly EvalPassage[], mode: Mode): Promise<Answered> {
    const prompt: Prompt = {
      blocks: [
        this.#template.preface,
        ...passages.map(({ title, text }) => this.#tokenizer.encode(passageText(title, text))),
      ],
      finalBlock: this.#template.finalBlock(question),
    };
    const length = prompt.blocks.reduce((sum, block) => sum + block.length, prompt.finalBlock.length);
    const { contextLength } = this.model.manifest.architecture;
    if (length + MAX_TOKENS > contextLength) {
      throw new BlockragError('prompt_too_long', `${length} tokens are more than ${contextLength}.`);
    }
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
        blocks: await this.#stored(blocks, attention),
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

  /**
   * The prompt's blocks with the blobs that the store would have: of the preface from earlier questions, and for
   * block attention of the passages, from their upload. Under anchor attention passages are encoded on the spot.
   */
  async #stored(blocks: readonly Uint32Array[], attention: AttentionMode): Promise<PromptBlock[]> {
    const [first, ...passages] = blocks as [Uint32Array, ...Uint32Array[]];
    const preface = { tokens: first, key: this.#key(first) };
    if (attention === 'full') {
      return blocks.map((tokens) => ({ tokens, key: this.#key(tokens), object: undefined }));
    }
    const dtype = this.dtype;
    this.#preface ??= (await this.#engine.encode({ blocks: [preface], dtype }))[0]!;
    // A copy: what is answered with moves to the engine.
    const head = { ...preface, object: this.#preface.slice() };
    if (attention === 'anchor') {
      let start = first.length;
      const anchored = passages.map((tokens) => {
        const key = this.#key(tokens, { preface: preface.key, start });
        start += tokens.length;
        return { tokens, key, object: undefined };
      });
      return [head, ...anchored];
    }
    const keyed = passages.map((tokens) => ({ tokens, key: this.#key(tokens) }));
    const objects = await this.#engine.encode({ blocks: keyed, dtype });
    return [head, ...keyed.map((block, i) => ({ ...block, object: objects[i] }))];
  }

  #key(tokens: Uint32Array, anchor?: { preface: string; start: number }): string {
    const { weightsHash, ropeHash } = this.model.manifest;
    const identity = { weightsHash, ropeHash, tokenizerHash: this.#tokenizer.hash, dtype: this.dtype };
    return blobKey({ ...identity, anchor, tenant: 'eval', tokens });
  }

  async #ablated({ blocks, finalBlock }: Prompt, ablation: Ablation): Promise<Answered> {
    this.#decoder ??= Decoder.open(this.model, { threads: this.#threads });
    const { end } = this.#tokenizer.file;
    const prompt = { blocks, finalBlock, dtype: this.dtype, maxTokens: MAX_TOKENS, end };
    const output = this.#text(await answerAblated(await this.#decoder, prompt, ablation));
    const encodedTokens = blocks.reduce((sum, block) => sum + block.length, 0);
    return { output, attention: [], reusedTokens: 0, encodedTokens, finalTokens: finalBlock.length };
  }

  #text(tokens: readonly number[]): string {
    return this.#tokenizer.decode(tokens).trim();
  }
}
