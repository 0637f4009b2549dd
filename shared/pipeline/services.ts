/** The opened stages and stores that the use cases work with. */

import type { Access } from '../access/index.ts';
import type { Engine } from '../attention/engine.ts';
import type { BoundedMap } from '../bounded.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { DocumentReader } from '../documents/index.ts';
import type { Gate } from '../gate.ts';
import type { KvDtype } from '../kv/dtypes.ts';
import type { Metrics, Tier } from '../metrics.ts';
import type { CompiledModel } from '../model/compiled.ts';
import type { PromptTemplate } from '../model/prompt.ts';
import type { Tokenizer } from '../model/tokenizer.ts';
import type { Embedder } from '../retrieval/embedder.ts';
import type { PassageIndex } from '../retrieval/ports.ts';
import type { Reranker } from '../retrieval/reranker.ts';
import type { BlobStore, DocumentSource, WorkQueue } from '../storage/ports.ts';
import type { Logger } from '../telemetry.ts';
import type { KvBudget } from './stored-kv/budget.ts';

export interface Services {
  metrics: Metrics;
  /** Where blobs are read from. */
  tier: Tier;
  access: Access;
  catalog: Catalog;
  blobs: BlobStore;
  queue: WorkQueue;
  /** The bucket that users put documents into, where there is one. */
  documents?: DocumentSource | undefined;
  index: PassageIndex;
  engine: Engine;
  reader: DocumentReader;
  embedder: Embedder;
  reranker?: Reranker | undefined;
  model: CompiledModel;
  /** What requests ask for the model by (model/sources/model-id.ts). */
  modelId: string;
  tokenizer: Tokenizer;
  template: PromptTemplate;
  dtype: KvDtype;
  /** Names model, tokenizer, KV dtype, passage size and embedding model: documents made with another are not answered from. */
  fingerprint: string;
  /** Answers at work at once, each with its blobs in memory. */
  answering: Gate;
  /** Keeps the stored KV under its number of bytes. */
  budget: KvBudget;
  /**
   * KV of blocks that requests made: other system messages, and passages anchored to their place. In memory only, the
   * least recently used go first: stored, they could fill the disk beside every quota.
   */
  passing: BoundedMap<string, Uint8Array<ArrayBuffer>>;
  maxDocumentBytes: number;
  /** How long originals are kept that no document knows of. */
  quarantineMs: number;
  maxQuestionLength: number;
  /** Tokens of a prompt with its answer at most: of the model's context, and of the memory for contexts. */
  contextTokens: number;
  logger: Logger;
}

/** Stages that have threads. */
export type Threads = Pick<Services, 'engine' | 'reader' | 'embedder' | 'reranker'>;

/** Ends the threads of the stages that there are. Nothing must be under way in them. */
export async function endThreads({ engine, reader, embedder, reranker }: Partial<Threads>): Promise<void> {
  await Promise.all([engine, reader, embedder, reranker].map((one) => one?.dispose()));
}
