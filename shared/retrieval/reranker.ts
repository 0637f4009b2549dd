/** Orders passages by a model that reads each together with the question (a cross-encoder), in a thread of its own. */
import { BlockragError } from '../errors.ts';
import { LazyThread, Thread } from '../threads.ts';

/** So many of the passages found are read, the best of the index. */
export const RERANKED = 20;

/** Paths of the model.onnx and tokenizer.json of a cross-encoder. */
export interface RerankerFiles {
  model: string;
  tokenizer: string;
}

export interface RerankingModel {
  id: string;
  sha256: string;
  files: RerankerFiles;
}

/** What the reranking thread offers. */
export type RerankerMethods = {
  score: {
    args: { question: string; passages: readonly string[] };
    result: number[];
  };
};

/**
 * A cross-encoder. Question and passage are read together, up to 512 word pieces. One pair at a time: padded to one
 * batch, 20 pairs took 1.35 times as long on one thread, and a passage's score must not depend on its neighbours.
 *
 * @example
 * const reranker = new Reranker((await fetchReranker('hf:OWNER/REPO'))!);
 * const best = await reranker.rank('Who mends the pumps?', passages, (passage) => passage.text);
 */
export class Reranker {
  readonly model: RerankingModel;
  #thread = new LazyThread<RerankerMethods>(
    () =>
      new Thread(new URL('./reranker-worker.ts', import.meta.url), {
        name: 'reranker',
        workerData: this.model.files,
      }),
    () => new BlockragError('shutting_down', 'The reranker is closed.'),
  );

  /** Costs nothing yet: the first call starts the thread and loads the model. */
  constructor(model: RerankingModel) {
    this.model = model;
  }

  /** Loads the model now instead of at the first call. @throws as `scores` */
  ready(): Promise<void> {
    return this.#thread.load(() => this.scores('', ['']));
  }

  /**
   * What the model gives for each passage, in the same order: the higher, the better it answers the question.
   * @throws BlockragError `cancelled`, `model_corrupt` (the files cannot be loaded), `model_unsupported` (it is no
   * cross-encoder), `worker_died` (the next call starts a new thread), `shutting_down` after dispose()
   */
  async scores(question: string, passages: readonly string[], signal?: AbortSignal): Promise<number[]> {
    return this.#thread.alive().call('score', { question, passages }, { signal });
  }

  /**
   * The passages, best first, each with the logistic function of its score, 0 to 1; equal ones keep their order.
   * @throws BlockragError as `scores`
   */
  async rank<P>(
    question: string,
    passages: readonly P[],
    textOf: (passage: P) => string,
    signal?: AbortSignal,
  ): Promise<{ passage: P; score: number }[]> {
    if (passages.length === 0) return [];
    const scores = await this.scores(question, passages.map(textOf), signal);
    return passages
      .map((passage, i) => ({ passage, logit: scores[i]! }))
      .sort((a, b) => b.logit - a.logit)
      .map(({ passage, logit }) => ({ passage, score: 1 / (1 + Math.exp(-logit)) }));
  }

  /** Ends the thread, after the model was loaded where that goes on (`ready`); calls under way are rejected. */
  dispose(): Promise<void> {
    return this.#thread.dispose();
  }
}
