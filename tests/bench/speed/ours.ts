/** blockrag's own engine under the bench: the way of a question, from the blobs on the disk to the first token. */

import type { PromptFigures } from '../../../shared/attention/answer.ts';
import { Engine } from '../../../shared/attention/engine.ts';
import type { AttentionMode } from '../../../shared/attention/modes.ts';
import { REFERENCE_PASSAGES } from '../../../shared/attention/reference-text.ts';
import { GREEDY } from '../../../shared/attention/sampling.ts';
import type { CompiledModel } from '../../../shared/model/compiled.ts';
import type { ComputeType } from '../../../shared/model/compute.ts';
import { DEFAULT_MODEL } from '../../../shared/model/sources/index.ts';
import { prepareModel } from '../../../shared/pipeline/prepare-model.ts';
import { openFsBlobStore } from '../../../shared/storage/blobs/fs.ts';
import type { BlobStore } from '../../../shared/storage/ports.ts';
import { testFetch } from '../../support/settings.ts';

export const PASSAGE = 256;
/** Tokens of the final block. */
export const FINAL = 50;
/** Tokens decoded, the first one included. */
export const DECODED = 17;

export interface FirstToken {
  /** Milliseconds from the request to the first token. */
  first: number;
  /** Until the last blob was read, 0 where none was; the first ones are laid meanwhile. */
  load: number;
  reencode: number;
  attend: number;
  /** Milliseconds of each token after the first. */
  decode: number;
}

export class Ours {
  readonly model: CompiledModel;
  /** Milliseconds until the engine could answer. */
  readonly loadMs: number;
  #engine: Engine;
  #blobs: BlobStore;
  #text: Uint32Array;

  private constructor(options: {
    model: CompiledModel;
    engine: Engine;
    blobs: BlobStore;
    text: Uint32Array;
    loadMs: number;
  }) {
    this.model = options.model;
    this.loadMs = options.loadMs;
    this.#engine = options.engine;
    this.#blobs = options.blobs;
    this.#text = options.text;
  }

  /**
   * @param hotBytes of blobs kept in memory; 0: all are read from the disk
   * @param from a known model's name, which is used without its adapter, or a compiled model
   */
  static async open(
    compute: ComputeType,
    directory: string,
    hotBytes = 0,
    from: string | CompiledModel = DEFAULT_MODEL,
  ): Promise<Ours> {
    const model =
      typeof from === 'string'
        ? await prepareModel({
            ...testFetch(),
            reference: from,
            adapter: 'none',
            compute,
            requireText: true,
          })
        : from;
    const text = (await model.tokenizer()).encode(
      REFERENCE_PASSAGES.map((passage) => passage.text).join('\n'),
    );
    const blobs = await openFsBlobStore(`${directory}/${compute}`);
    const started = performance.now();
    const engine = new Engine({
      ...{ directory: model.directory, threads: undefined, contextBytes: 2 ** 31 },
      hotBytes,
    });
    await engine.ready();
    return new Ours({ model, engine, blobs, text, loadMs: performance.now() - started });
  }

  /** Real text, repeated, each block at another offset so that no two are equal. */
  tokens(count: number, offset: number): Uint32Array {
    return Uint32Array.from({ length: count }, (_, i) => this.#text[(offset * 37 + i) % this.#text.length]!);
  }

  /** The blocks of a context, of one passage each. */
  blocks(context: number): Uint32Array[] {
    return Array.from({ length: Math.ceil(context / PASSAGE) }, (_, i) =>
      this.tokens(Math.min(PASSAGE, context - i * PASSAGE), i),
    );
  }

  /** Encodes passages as an upload does, int8: tokens a second and bytes a token. */
  async encode(passages: number): Promise<{ rate: number; bytes: number }> {
    let bytes = 0;
    const started = performance.now();
    for (let i = 0; i < passages; i++) {
      const block = { tokens: this.tokens(PASSAGE, 100 + i), key: `encode-${i}` };
      const [object] = await this.#engine.encode({ blocks: [block], dtype: 'int8' });
      bytes += object!.length;
    }
    const tokens = passages * PASSAGE;
    return { rate: (tokens * 1000) / (performance.now() - started), bytes: bytes / tokens };
  }

  /** Stores what a context of this length needs. */
  async prepare(context: number): Promise<void> {
    for (const [i, tokens] of this.blocks(context).entries()) {
      const key = `${i}-${tokens.length}`;
      if (await this.#blobs.has(key)) continue;
      const [object] = await this.#engine.encode({ blocks: [{ tokens, key }], dtype: 'int8' });
      await this.#blobs.put(key, object!);
    }
  }

  async firstToken(context: number, attention: AttentionMode, decoded = DECODED): Promise<FirstToken> {
    const started = performance.now();
    let load = 0;
    const blocks = this.blocks(context).map((tokens, i) => {
      const key = `${i}-${tokens.length}`;
      const read = async () => {
        const object = await this.#blobs.get(key);
        load = performance.now() - started;
        return object;
      };
      return { tokens, key, object: attention === 'full' ? undefined : read };
    });
    let first = 0;
    let figures: PromptFigures | undefined;
    const { decodeMs } = await this.#engine.answer(
      {
        attention,
        blocks,
        finalBlock: this.tokens(FINAL, 999),
        dtype: 'int8',
        sampling: GREEDY,
        maxTokens: decoded,
        end: [],
      },
      {
        onEvent: (event) => {
          if (event.kind === 'attended') figures = event;
          if (event.kind === 'token' && first === 0) first = performance.now() - started;
        },
      },
    );
    if (attention === 'block' && figures!.encodedTokens > 0) throw new Error('the context was not prepared');
    const { reencode, attend } = figures!.timings;
    return {
      first,
      load,
      reencode,
      attend,
      decode: decoded > 1 ? decodeMs / (decoded - 1) : 0,
    };
  }

  async close(): Promise<void> {
    await this.#engine.dispose();
  }
}
