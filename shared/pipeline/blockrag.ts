/** The embedded default: the whole system in one process on one data directory. */
import { Engine } from '../attention/engine.ts';
import { type Config, openDataDirectory, openStores, type Stores } from '../config.ts';
import { DocumentReader } from '../documents/index.ts';
import { DEFAULT_MAX_TOKENS } from '../documents/split.ts';
import { BlockragError } from '../errors.ts';
import { PromptTemplate } from '../model/prompt.ts';
import { DEFAULT_MODEL, type FetchOptions, fetchEmbeddingModel } from '../model/sources/index.ts';
import { Embedder } from '../retrieval/embedder.ts';
import { Catalog, type DocumentRow } from '../storage/catalog.ts';
import { claimDataDirectory, type Ownership } from '../storage/ownership.ts';
import { createLogger, type Logger } from '../telemetry.ts';
import { type Answer, type AnswerOptions, answerQuestion, type Question } from './answer.ts';
import { Gate } from './gate.ts';
import { prepareModel } from './model.ts';
import { removeDocument } from './retire.ts';
import type { Services } from './services.ts';
import {
  absolute,
  checkFormat,
  DATA_FORMAT,
  refuseOutdated,
  requeueOutdated,
  type Settings,
} from './settings.ts';
import { type NewDocument, submitDocument } from './submit.ts';
import { recoverWork, Worker } from './work.ts';

/** The only tenant until keys exist. */
export const DEFAULT_TENANT = 'default';
export const DEFAULT_COLLECTION = 'default';
export interface OpenOptions extends FetchOptions {
  /** What runs on the directory, for whoever finds it in use: "serve". */
  command: string;
  /** Adopt another model, KV dtype or passage size, and encode every document again. */
  reencode?: boolean | undefined;
  logger?: Logger | undefined;
}

export interface Stats {
  model: string;
  /** As --model takes it. */
  model_reference: string;
  compute: string;
  kv: string;
  passage_tokens: number;
  documents: number;
  ready: number;
  passages: number;
  tokens: number;
  blobs: number;
  blob_bytes: number;
  work: { waiting: number; leased: number; dead: number };
}

export class Blockrag {
  readonly services: Services;
  #config: Config;
  #stores: Stores;
  #ownership: Ownership;
  #settings: Settings;
  #worker: Worker;
  /** The answers under way or waiting. */
  #answers = new Set<Promise<Answer>>();
  #closing = new AbortController();

  private constructor(
    config: Config,
    stores: Stores,
    ownership: Ownership,
    services: Services,
    settings: Settings,
  ) {
    this.#config = config;
    this.#stores = stores;
    this.#ownership = ownership;
    this.services = services;
    this.#settings = settings;
    this.#worker = new Worker(services, (error) => this.#closing.abort(error));
    const leave = () => this.#closing.abort();
    ownership.lost.addEventListener('abort', leave);
    if (ownership.lost.aborted) leave();
  }

  /**
   * Opens a data directory, fetching and compiling the models first if need be, and goes on with unfinished work.
   * @throws BlockragError `data_directory_in_use`, `data_format_unknown`, `reencode_required`, and those of
   * `prepareModel`
   */
  static async open(config: Config, options: OpenOptions): Promise<Blockrag> {
    const environment = await openDataDirectory(config.data);
    let ownership: Ownership | undefined;
    let stores: Stores | undefined;
    try {
      ownership = await claimDataDirectory(environment, { command: options.command });
      stores = await openStores(environment, config.data);
      const catalog = new Catalog(stores.table);
      const known = checkFormat(await catalog.settings());
      const wanted = {
        model: absolute(config.model) ?? known?.model ?? DEFAULT_MODEL,
        kv: config.kv ?? known?.kv ?? 'int8',
        passageTokens: config.passageTokens ?? known?.passageTokens ?? DEFAULT_MAX_TOKENS,
      };
      const model = await prepareModel({
        ...options,
        reference: wanted.model,
        compute: config.compute,
        requireText: true,
      });
      const tokenizer = await model.tokenizer();
      const { weightsHash, ropeHash, name } = model.manifest;
      const made = [weightsHash, ropeHash, tokenizer.hash].map((hash) => hash.slice(0, 16));
      const settings: Settings = {
        format: DATA_FORMAT,
        ...wanted,
        modelName: name,
        fingerprint: [...made, wanted.kv, wanted.passageTokens].join('.'),
      };
      if (known !== undefined && known.fingerprint !== settings.fingerprint && !options.reencode) {
        await refuseOutdated(catalog, DEFAULT_TENANT, known, settings);
      }
      await catalog.putSettings(settings);
      const services: Services = {
        catalog,
        blobs: stores.blobs,
        queue: stores.queue,
        index: stores.index,
        engine: new Engine({
          directory: model.directory,
          threads: config.threads,
          contextBytes: config.contextBytes,
        }),
        reader: new DocumentReader({
          tokenizerFile: model.tokenizerFile,
          maxTokens: wanted.passageTokens,
          maxBytes: config.maxDocumentBytes,
        }),
        embedder: new Embedder(await fetchEmbeddingModel(options)),
        model,
        tokenizer,
        template: new PromptTemplate(tokenizer),
        dtype: wanted.kv,
        fingerprint: settings.fingerprint,
        answering: new Gate(config.concurrentAnswers),
        maxDocumentBytes: config.maxDocumentBytes,
        maxQuestionLength: config.maxQuestionLength,
        logger: options.logger ?? createLogger(),
      };
      await requeueOutdated(services, DEFAULT_TENANT);
      await recoverWork(services, [DEFAULT_TENANT]);
      return new Blockrag(config, stores, ownership, services, settings);
    } catch (error) {
      await stores?.close();
      await ownership?.release();
      await environment.close();
      throw error;
    }
  }

  /** Aborted when the process must stop: another took the directory over, or the work queue failed (the reason). */
  get lost(): AbortSignal {
    return this.#closing.signal;
  }

  /** Tells other commands on this directory where this process answers. */
  async setUrl(url: string): Promise<void> {
    await this.#ownership.setUrl(url);
  }

  /** Takes a document in; see `submitDocument`. */
  add(document: Omit<NewDocument, 'tenant'>): Promise<DocumentRow> {
    return submitDocument(this.services, { tenant: DEFAULT_TENANT, ...document });
  }

  document(id: string): Promise<DocumentRow | undefined> {
    return this.services.catalog
      .document(DEFAULT_TENANT, id)
      .then((row) => (row?.status === 'deleting' ? undefined : row));
  }

  documents(options: { collection?: string | undefined; after?: string | undefined; limit: number }) {
    return this.services.catalog.documents(DEFAULT_TENANT, options);
  }

  async remove(id: string): Promise<void> {
    await removeDocument(this.services, DEFAULT_TENANT, id);
  }

  /** Loads the models now instead of at the first question. */
  async warm(): Promise<void> {
    const { engine, embedder } = this.services;
    await Promise.all([engine.ready(), embedder.embed([''])]);
  }

  /** True while anything is still to be parsed, encoded, removed or tidied up. */
  async busy(): Promise<boolean> {
    const { waiting, leased } = await this.services.queue.counts();
    return waiting + leased > 0;
  }

  /** Answers a question; see `answerQuestion`. @throws BlockragError `overloaded` past the limit of answers */
  async ask(question: Omit<Question, 'tenant'>, options: AnswerOptions = {}): Promise<Answer> {
    if (this.#answers.size >= this.#config.maxAnswers) {
      throw new BlockragError(
        'overloaded',
        `${this.#answers.size} questions are waiting already: try again soon.`,
      );
    }
    const signals = [this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const answer = answerQuestion(
      this.services,
      { tenant: DEFAULT_TENANT, ...question },
      { ...options, signal: AbortSignal.any(signals) },
    );
    this.#answers.add(answer);
    try {
      return await answer;
    } finally {
      this.#answers.delete(answer);
    }
  }

  async stats(): Promise<Stats> {
    const { catalog, blobs, queue, model } = this.services;
    const documents = (await catalog.allDocuments(DEFAULT_TENANT)).filter((d) => d.status !== 'deleting');
    const { fingerprint } = this.services;
    const ready = documents.filter((d) => d.version !== null && d.fingerprint === fingerprint);
    let count = 0;
    let bytes = 0;
    for await (const blob of blobs.list(`kv/${DEFAULT_TENANT}`)) {
      count++;
      bytes += blob.bytes;
    }
    return {
      model: this.#settings.modelName,
      model_reference: this.#settings.model,
      compute: model.manifest.compute,
      kv: this.#settings.kv,
      passage_tokens: this.#settings.passageTokens,
      documents: documents.length,
      ready: ready.length,
      passages: ready.reduce((sum, document) => sum + document.passages, 0),
      tokens: ready.reduce((sum, document) => sum + document.tokens, 0),
      blobs: count,
      blob_bytes: bytes,
      work: await queue.counts(),
    };
  }

  /** Stops: answers under way are cancelled, work in hand is left for the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    const { engine, reader, embedder } = this.services;
    // Threads are ended at rest: one that is in the middle of a model's run would take the process with it.
    await Promise.all([this.#worker.stop(), Promise.allSettled(this.#answers)]);
    await Promise.all([engine.dispose(), reader.dispose(), embedder.dispose()]);
    await this.#stores.close();
    await this.#ownership.release();
    await this.#stores.environment.close();
  }
}
