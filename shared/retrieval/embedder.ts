/** Embeddings for retrieval, in a thread of their own. */
import { BlockragError } from '../errors.ts';
import { LazyThread, Thread } from '../threads.ts';

/** Length of every embedding. */
export const EMBEDDING_DIMENSIONS = 384;

/** What of a passage is embedded and judged for relevance: the floor (relevance.ts) was measured on this form. */
export function retrievalText({ title, text }: { title: string; text: string }): string {
  return `${title}\n${text}`;
}

/** The files of an embedding model, and how it reads texts; `queryPrefix` stands before a question. */
export type EmbedderFiles = { queryPrefix: string; passagePrefix: string } & (
  | {
      kind: 'onnx';
      /** Paths of model.onnx and tokenizer.json. */
      model: string;
      tokenizer: string;
      /** A text's vector: the mean over its word pieces, or that of the first. */
      pooling: 'mean' | 'first';
    }
  | {
      kind: 'e5';
      /** Path of the packed model. */
      packed: string;
      /** Folder of the graph that is compiled from it, at its first use. */
      graph: string;
    }
);

export interface EmbeddingModel {
  /** What requests name it by. */
  id: string;
  sha256: string;
  /** Mean cosine similarity of texts that have nothing to do with one another. */
  unrelated: number;
  /** Whether English is the only language that it was made for. */
  english: boolean;
  files: EmbedderFiles;
}

/** What a text is embedded as: some models read questions and passages differently. */
export type TextRole = 'query' | 'passage';

/** What the embedding thread offers. */
export type EmbedderMethods = {
  /** Vectors one behind the other, and the word pieces that were read of each text. */
  embed: {
    args: { texts: string[]; role: TextRole; tenant: string };
    result: { vectors: Float32Array<ArrayBuffer>; wordPieces: number[] };
  };
};

/**
 * Texts as vectors whose dot product is their similarity in meaning.
 *
 * A text is read up to 256 word pieces (about 200 words), the length that the model was trained for. Calls
 * run interleaved, one text at a time, questions first and tenants by turns (turns/scheduler.ts): a question waits for
 * one passage at most, not for a whole document.
 *
 * @example
 * const embedder = new Embedder(await fetchEmbedder('all-minilm-l6-v2'));
 * const [vector] = await embedder.embed(['What is the capital of France?'], 'query');
 */
export class Embedder {
  readonly dimensions = EMBEDDING_DIMENSIONS;
  readonly model: EmbeddingModel;
  #thread = new LazyThread<EmbedderMethods>(
    () =>
      new Thread(new URL('./embedder-worker.ts', import.meta.url), {
        name: 'embedder',
        workerData: this.model.files,
      }),
    () => new BlockragError('shutting_down', 'The embedder is closed.'),
  );

  /** Costs nothing yet: the first call starts the thread and loads the model (about 0.3 s). */
  constructor(model: EmbeddingModel) {
    this.model = model;
  }

  /** Loads the model now instead of at the first call. @throws as `embed` */
  ready(): Promise<void> {
    return this.#thread.load(() => this.embed([''], 'query'));
  }

  /**
   * One L2-normalised vector, [384], for each text, in the same order.
   *
   * @param tenant whose they are
   * @throws BlockragError `cancelled`, `model_corrupt` (the files cannot be loaded), `model_unsupported`, `worker_died` (the next
   * call starts a new thread), `shutting_down` after dispose()
   */
  async embed(
    texts: readonly string[],
    role: TextRole,
    signal?: AbortSignal,
    tenant?: string,
  ): Promise<Float32Array[]> {
    return (await this.embedCounted(texts, role, signal, tenant)).vectors;
  }

  /** As `embed`; also the number of word pieces that were read of each text. */
  async embedCounted(
    texts: readonly string[],
    role: TextRole,
    signal?: AbortSignal,
    tenant = '',
  ): Promise<{ vectors: Float32Array[]; wordPieces: number[] }> {
    this.#thread.throwIfDisposed();
    if (texts.length === 0) return { vectors: [], wordPieces: [] };
    const { queryPrefix, passagePrefix } = this.model.files;
    const prefix = role === 'query' ? queryPrefix : passagePrefix;
    const prefixed = texts.map((text) => prefix + text);
    const { vectors, wordPieces } = await this.#thread
      .alive()
      .call('embed', { texts: prefixed, role, tenant }, { signal });
    const vectorAt = (i: number) =>
      vectors.subarray(i * EMBEDDING_DIMENSIONS, (i + 1) * EMBEDDING_DIMENSIONS);
    return { vectors: texts.map((_, i) => vectorAt(i)), wordPieces };
  }

  /** Ends the thread, after the model was loaded where that goes on (`ready`); calls under way are rejected. */
  dispose(): Promise<void> {
    return this.#thread.dispose();
  }
}
