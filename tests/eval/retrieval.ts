/** Retrieval by the product's own index: the passages of many questions pooled into one collection. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../shared/config.ts';
import { DEFAULT_EMBEDDER, fetchEmbedder } from '../../shared/model/sources/embedders.ts';
import { fetchReranker, NO_RERANKER } from '../../shared/model/sources/rerankers.ts';
import { Embedder, retrievalText } from '../../shared/retrieval/embedder.ts';
import { openLanceIndex } from '../../shared/retrieval/lancedb.ts';
import type { PassageIndex } from '../../shared/retrieval/ports.ts';
import { type FoundPassage, relevantPassages } from '../../shared/retrieval/relevance.ts';
import { RERANKED, Reranker } from '../../shared/retrieval/reranker.ts';
import { testFetch } from '../support/settings.ts';
import type { EvalPassage, EvalQuestion, EvalRecord } from './records.ts';

/** Ranks at which recall is reported. */
export const RANKS = [1, 3, 5, 10, 20] as const;
/** As shared/pipeline/question/retrieve.ts: more is fetched than asked. */
const OVERFETCH = 3;
const SCOPE = { tenant: 'eval', collection: 'eval' };
const BATCH = 256;

export interface RecallReport {
  questions: number;
  /** Passages in the index. */
  pool: number;
  /** Mean share of a question's gold passages among the first k, and share of questions with one of them there. */
  ranks: { k: number; recall: number; hit: number }[];
}

export class Retrieval {
  readonly #pool: readonly EvalPassage[];
  readonly #embedder: Embedder;
  readonly #index: PassageIndex;
  readonly #folder: string;
  readonly #reranker: Reranker | undefined;

  private constructor(
    pool: readonly EvalPassage[],
    embedder: Embedder,
    index: PassageIndex,
    folder: string,
    reranker: Reranker | undefined,
  ) {
    this.#pool = pool;
    this.#embedder = embedder;
    this.#index = index;
    this.#folder = folder;
    this.#reranker = reranker;
  }

  /** Embeds and indexes the passages of these questions, each once; the index is removed by `dispose`. */
  static async open(
    records: readonly Pick<EvalRecord, 'passages'>[],
    onProgress: (done: number, total: number) => void = () => {},
    {
      embedder: model = DEFAULT_EMBEDDER,
      reranker = NO_RERANKER,
    }: Partial<Pick<Config, 'embedder' | 'reranker'>> = {},
  ): Promise<Retrieval> {
    const reranking = await fetchReranker(reranker, testFetch());
    const all = records.flatMap(({ passages }) => passages);
    const pool = [...new Map(all.map((passage) => [retrievalText(passage), passage])).values()];
    const folder = await mkdtemp(join(tmpdir(), 'blockrag-eval-'));
    const embedder = new Embedder(await fetchEmbedder(model, testFetch()));
    const index = await openLanceIndex(folder);
    for (let at = 0; at < pool.length; at += BATCH) {
      const batch = pool.slice(at, at + BATCH);
      const vectors = await embedder.embed(batch.map(retrievalText), 'passage');
      await index.add(
        batch.map(({ title, text }, i) => {
          const id = String(at + i);
          return { ...SCOPE, id, document: id, version: '1', labels: [], title, text, vector: vectors[i]! };
        }),
      );
      onProgress(Math.min(at + BATCH, pool.length), pool.length);
    }
    await index.optimize();
    return new Retrieval(pool, embedder, index, folder, reranking && new Reranker(reranking));
  }

  /** Passages in the index. */
  get size(): number {
    return this.#pool.length;
  }

  /** Recall of the ranking, the reranker's where there is one, before the relevance floor. */
  async recall(questions: readonly EvalQuestion[]): Promise<RecallReport> {
    const found: { gold: Set<string>; ranking: string[] }[] = [];
    for (const { record } of questions) {
      const gold = new Set(record.passages.filter((passage) => passage.gold).map(retrievalText));
      if (gold.size === 0) continue;
      const hits = await this.search(record.question, Math.max(...RANKS));
      found.push({ gold, ranking: hits.map(({ text }) => text) });
    }
    const ranks = RANKS.map((k) => {
      const shares = found.map(({ gold, ranking }) => {
        const top = new Set(ranking.slice(0, k));
        return [...gold].filter((text) => top.has(text)).length / gold.size;
      });
      const mean = (values: readonly number[]) =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      return { k, recall: mean(shares), hit: mean(shares.map((share) => Number(share > 0))) };
    });
    return { questions: found.length, pool: this.size, ranks };
  }

  /** The passages that the product would answer from, the best last, as it lays them. */
  async passages(question: string, topK: number): Promise<EvalPassage[]> {
    const limit = Math.max(topK * OVERFETCH, this.#reranker === undefined ? 0 : RERANKED);
    const found = await this.search(question, limit);
    return this.relevant(question, found, limit)
      .slice(0, topK)
      .map(({ passage }) => passage)
      .reverse();
  }

  async dispose(): Promise<void> {
    await this.#embedder.dispose();
    await this.#reranker?.dispose();
    await this.#index.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Those of the passages found that the relevance floor lets through. */
  relevant<P extends FoundPassage>(question: string, found: readonly P[], limit: number): P[] {
    return relevantPassages([question], found, this.#embedder.model, { whole: found.length < limit });
  }

  /** What the index finds, best first; the first 20 as the reranker orders them, if there is one. */
  async search(question: string, limit: number) {
    const [vector] = await this.#embedder.embed([question], 'query');
    const hits = await this.#index.search({ ...SCOPE, text: question, vector: vector!, limit });
    const found = hits.map(({ id, similarity }) => {
      const passage = this.#pool[Number(id)]!;
      return { passage, similarity, text: retrievalText(passage) };
    });
    if (this.#reranker === undefined) return found;
    const ranked = await this.#reranker.rank(question, found.slice(0, RERANKED), ({ text }) => text);
    return [...ranked.map(({ passage }) => passage), ...found.slice(RERANKED)];
  }
}
