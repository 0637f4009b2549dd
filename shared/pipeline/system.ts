/** The use cases of the system, over whatever stores lie below: what the REST API and the command line call. */

import type { DocumentRow } from '../catalog/catalog.ts';
import type { Config } from '../config.ts';
import { BlockragError } from '../errors.ts';
import { modelAliases } from '../model/sources/model-id.ts';
import type { Stores } from '../stores/stores.ts';
import { span } from '../tracing.ts';
import { watchDocument } from './intake/progress.ts';
import { type NewDocument, type SubmittedRow, submitDocument, submitOnce } from './intake/submit.ts';
import { LocalUploads, type Uploads } from './intake/uploads.ts';
import { listCollections } from './listing/collections.ts';
import { contentOf } from './listing/content.ts';
import { type ListOptions, listDocuments } from './listing/documents.ts';
import { factsOf, type Stats, type SystemFacts, statsOf, type Work } from './listing/facts.ts';
import { listPassages, type PassagesOptions } from './listing/passages.ts';
import { type Answer, answerQuestion, type Question } from './question/answer.ts';
import { answerChat, type Chat, type ChatAnswer } from './question/chat.ts';
import type { GenerateOptions } from './question/generate.ts';
import type { Retrieval, RetrievedPassage } from './question/retrieve.ts';
import { searchPassages } from './question/search.ts';
import { removeCollection } from './removal/collection.ts';
import { removeDocument } from './removal/retire.ts';
import { endThreads, type Services } from './services.ts';
import { type Settings, takeSettings } from './settings.ts';
import { SWEEP_ITEM } from './work/items.ts';
import { Worker } from './work/worker.ts';

export interface SystemOptions {
  services: Services;
  settings: Settings;
  /** Closed with it, once the model's threads have ended. */
  stores: Pick<Stores, 'ownership' | 'close'>;
  /** Whether this process takes work from the queue. */
  works: boolean;
  /** Where uploads go; undefined: to this process. */
  uploads: Uploads | undefined;
  config: Config;
}

const DAY_MS = 86_400_000;
/** After so long a worker is started again whose queue had failed. */
const WORKER_PAUSE_MS = 5_000;

/** All use cases, by tenant, over one set of services. What `blockrag` gives to programs is `Blockrag`. */
export class System {
  readonly services: Services;
  /** What it was opened with. */
  readonly config: Config;
  /** Aborted when it closes, or must: answers under way end with it. */
  #closing = new AbortController();
  #options: SystemOptions;
  #closed: Promise<void> | undefined;
  #worker: Worker | undefined;
  #sweeps: NodeJS.Timeout | undefined;
  /** The answers under way or waiting. */
  #answers = new Set<Promise<unknown>>();

  /** Ids that requests may call the model by: its own first, then older ones. */
  readonly modelIds: readonly string[];
  /** Uploads whose bytes come later. */
  readonly uploads: Uploads;

  constructor(options: SystemOptions) {
    this.services = options.services;
    this.config = options.config;
    this.uploads = options.uploads ?? new LocalUploads(options.services);
    this.#options = options;
    const { modelId, model } = options.services;
    this.modelIds = [modelId, ...modelAliases(options.settings.model, model.manifest.name)];
    if (options.works) this.#startWorker();
    const leave = () => this.#closing.abort();
    const lost = options.stores.ownership?.lost;
    lost?.addEventListener('abort', leave);
    if (lost?.aborted) leave();
  }

  /**
   * Aborted when the process must stop: another took the data directory over, or its work queue failed (the reason).
   */
  get lost(): AbortSignal {
    return this.#closing.signal;
  }

  /** Tells other commands on the same data directory where this process answers; undefined: nowhere any more. */
  async setUrl(url: string | undefined): Promise<void> {
    await this.#options.stores.ownership?.setUrl(url);
  }

  /** Makes the stores remember this process's settings, so that the sweep has their documents made again. */
  async takeSettings(): Promise<void> {
    const { catalog } = this.services;
    await takeSettings(catalog, await catalog.settings.get(), this.#options.settings);
  }

  /** Sweeps now and once a day, as work among the other: for a process that stays. */
  async sweepDaily(): Promise<void> {
    const { queue, logger } = this.services;
    const send = () => queue.send([SWEEP_ITEM]);
    await send();
    this.#sweeps = setInterval(() => {
      send().catch((error: unknown) => logger.error({ err: error }, 'the sweep could not be begun'));
    }, DAY_MS);
    this.#sweeps.unref();
  }

  #startWorker(): void {
    this.#worker = new Worker(this.services, {
      leaseMs: this.config.leaseMs,
      failed: (error) => {
        if (this.#options.stores.ownership !== undefined) return this.#closing.abort(error);
        // Stores elsewhere come back; the answers need not wait for that.
        setTimeout(async () => {
          // It may still be at what it had in hand.
          await this.#worker?.ended;
          if (!this.#closing.signal.aborted) this.#startWorker();
        }, WORKER_PAUSE_MS).unref();
      },
    });
  }

  /** Takes a document in; see `submitDocument`. */
  add(document: NewDocument): Promise<SubmittedRow> {
    return submitDocument(this.services, document);
  }

  async document(tenant: string, id: string): Promise<DocumentRow | undefined> {
    const row = await this.services.catalog.documents.get(tenant, id);
    return row?.status === 'deleting' ? undefined : row;
  }

  /** A page of documents; see `listDocuments`. */
  documents(tenant: string, options: ListOptions) {
    return listDocuments(this.services, tenant, options);
  }

  /** A page of a document's passages; see `listPassages`. */
  passages(tenant: string, id: string, options: PassagesOptions) {
    return listPassages(this.services, tenant, id, options);
  }

  /** A document's original; see `contentOf`. */
  content(tenant: string, id: string) {
    return contentOf(this.services, tenant, id);
  }

  /** Takes a document in once for each idempotency key; see `submitOnce`. */
  addOnce(document: NewDocument, key: string): Promise<SubmittedRow> {
    return submitOnce(this.services, document, key);
  }

  /** A document's progress; see `watchDocument`. */
  watch(tenant: string, id: string, signal: AbortSignal) {
    return watchDocument(this.services, tenant, id, AbortSignal.any([signal, this.#closing.signal]));
  }

  collections(tenant: string) {
    return listCollections(this.services, tenant);
  }

  /** Deletes a collection with all its documents; see `removeCollection`. */
  async removeCollection(tenant: string, name: string): Promise<void> {
    await removeCollection(this.services, tenant, name);
  }

  /** Deletes a document; see `removeDocument`. */
  async remove(tenant: string, id: string): Promise<void> {
    await removeDocument(this.services, tenant, id);
  }

  /** Loads the models now instead of at the first question. */
  async warm(): Promise<void> {
    const { engine, embedder, reranker } = this.services;
    await Promise.all([engine.ready(), embedder.ready(), reranker?.ready()]);
  }

  /** Answers a question; see `answerQuestion`. @throws BlockragError `overloaded` past the limit of answers */
  ask(question: Question, options: GenerateOptions = {}): Promise<Answer> {
    return this.#answer(async (signal) => {
      const { attention } = question;
      const answer = await span('blockrag.answer', { attention }, () =>
        answerQuestion(this.services, question, { ...options, signal }),
      );
      this.services.metrics.answered(answer);
      this.services.logger.info(
        {
          first_token_ms: answer.timings.firstToken,
          prompt_tokens: answer.usage.promptTokens,
          reused_tokens: answer.usage.reusedTokens,
          encoded_tokens: answer.usage.encodedTokens,
          final_tokens: answer.usage.finalTokens,
          completion_tokens: answer.usage.completionTokens,
        },
        'answered',
      );
      return answer;
    }, options);
  }

  /** Goes on with a conversation without documents; see `answerChat`. @throws BlockragError as `ask` */
  chat(chat: Chat, options: GenerateOptions = {}): Promise<ChatAnswer> {
    return this.#answer(async (signal) => {
      const answer = await span('blockrag.answer', { attention: 'full' }, () =>
        answerChat(this.services, chat, { ...options, signal }),
      );
      this.services.metrics.answered({ ...answer, attention: 'full' });
      return answer;
    }, options);
  }

  /** Id of the model that `embed` works with. */
  get embeddingModel(): string {
    return this.services.embedder.model.id;
  }

  /**
   * Finds passages without the language model; see `searchPassages`.
   * @throws BlockragError `collection_not_found`, `no_documents`, `cancelled`, ...
   */
  search(query: Retrieval, signal?: AbortSignal): Promise<RetrievedPassage[]> {
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    return searchPassages(this.services, query, AbortSignal.any(signals));
  }

  /**
   * Embeds texts as passages are; also the word pieces that were read of each text.
   * @throws BlockragError `cancelled`, `shutting_down`
   */
  embed(tenant: string, texts: readonly string[], signal?: AbortSignal) {
    return this.services.embedder.embedCounted(texts, 'passage', signal, tenant);
  }

  async #answer<T>(start: (signal: AbortSignal) => Promise<T>, { signal }: GenerateOptions): Promise<T> {
    if (this.#answers.size >= this.config.maxAnswers) {
      throw new BlockragError(
        'overloaded',
        `${this.#answers.size} questions are waiting already: try again soon.`,
      );
    }
    const either = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    const answer = start(either);
    this.#answers.add(answer);
    try {
      return await answer;
    } catch (error) {
      this.services.metrics.questionFailed(error);
      throw error;
    } finally {
      this.#answers.delete(answer);
    }
  }

  /** What the system is. Nothing is read for it. */
  facts(): SystemFacts {
    return factsOf(this.services, this.#options.settings);
  }

  /** What is still to be done in the background, of all tenants. */
  work(): Promise<Work> {
    return this.services.queue.counts();
  }

  /** Counts what a tenant has stored: every document is read, every blob listed. */
  stats(tenant: string): Promise<Stats> {
    return statsOf(this.services, tenant);
  }

  /** Stops: answers under way are cancelled, work in hand is left for others or for the next start. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#sweeps);
    await this.#worker?.stop();
    // Threads are ended at rest: one that is in the middle of a model's run would take the process with it.
    await Promise.allSettled(this.#answers);
    await endThreads(this.services);
    this.services.metrics.close();
    await this.#options.stores.close();
  }
}
