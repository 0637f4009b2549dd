/** `Blockrag`: the documents and questions of one tenant, in this process. `openBlockrag` (index.ts) gives one. */
import { checkTenant } from './access/tenant.ts';
import {
  newDocumentSchema,
  parseRequest,
  querySchema,
  searchSchema,
  toQuestion,
  toRetrieval,
} from './api/schemas/requests.ts';
import { type AnswerEvent, type AnswerView, viewAnswer } from './api/views/answer.ts';
import {
  type AddedView,
  type DocumentEvent,
  type DocumentView,
  viewAdded,
  viewDocument,
  viewEvent,
} from './api/views/document.ts';
import { viewPassage } from './api/views/passage.ts';
import { type FoundPassageView, viewFound } from './api/views/search.ts';
import {
  type StatsView,
  type SystemView,
  viewStats,
  viewSystem,
  viewWork,
  type WorkView,
} from './api/views/system.ts';
import { answerEvents } from './api/work.ts';
import { allPages } from './client/all-pages.ts';
import type {
  AddOptions,
  AskOptions,
  BlockragClient,
  CollectionView,
  DocumentsPage,
  DocumentsQuery,
  NewDocument,
  PassagesPage,
  PassagesQuery,
  RequestOptions,
  SearchOptions,
} from './client/index.ts';
import { untilReady } from './client/until-ready.ts';
import { BlockragError } from './errors.ts';
import { DEFAULT_TENANT } from './pipeline/defaults.ts';
import type { System } from './pipeline/system.ts';

/**
 * Offers what the HTTP client of `blockrag/client` offers, with the same names, results and errors, so that a program
 * may work in one process today and with a server tomorrow. Methods throw BlockragError.
 *
 * @example
 * const blockrag = await openBlockrag({ data: './.blockrag' });
 * const { id } = await blockrag.add({ name: 'ferry.md', text: 'The ferry leaves at noon.' });
 * await blockrag.ready(id);
 * const { answer, citations } = await blockrag.ask('When does the ferry leave?');
 * await blockrag.close();
 */
export class Blockrag implements Pick<BlockragClient, keyof BlockragClient> {
  /** The use cases of all tenants: what `blockrag/server` serves. */
  readonly core: System;
  /** Whose documents these are. Tenants share nothing, not even stored keys and values. */
  readonly tenant: string;

  /** @throws BlockragError `invalid_request` for what is no tenant's name: 1 to 63 of a-z, 0-9 and "-" */
  constructor(core: System, tenant: string = DEFAULT_TENANT) {
    checkTenant(tenant);
    this.core = core;
    this.tenant = tenant;
  }

  /**
   * The documents and questions of another tenant, on the same stores and the same model.
   * @throws BlockragError `invalid_request` for what is no tenant's name
   */
  forTenant(tenant: string): Blockrag {
    return new Blockrag(this.core, tenant);
  }

  /**
   * Takes a document in, or replaces the one of that name; it is durable when this resolves, and encoded in the
   * background (see `ready`).
   * @throws BlockragError `document_empty`, `document_too_large`, `quota_exceeded`, `storage_full`; with a key also
   *   `idempotency_mismatch`, `conflict`; `document_exists` where `ifExists` is `error`
   */
  async add(
    { text, bytes, mediaType, metadata, ifExists, ...named }: NewDocument,
    { idempotencyKey, signal }: AddOptions = {},
  ): Promise<AddedView> {
    if (signal?.aborted) throw new BlockragError('cancelled', 'The request was cancelled.');
    const upload = {
      ...parseRequest(newDocumentSchema, named),
      ...{ tenant: this.tenant, metadata, ifExists },
      ...(bytes === undefined
        ? { mediaType: 'text/plain', bytes: new TextEncoder().encode(text) }
        : { mediaType, bytes }),
    };
    const row = await (idempotencyKey === undefined
      ? this.core.add(upload)
      : this.core.addOnce(upload, idempotencyKey));
    return viewAdded(row);
  }

  /** A document as it is now. @throws BlockragError `document_not_found` */
  async document(id: string): Promise<DocumentView> {
    const row = await this.core.document(this.tenant, id);
    if (row === undefined) throw new BlockragError('document_not_found', `There is no document ${id}.`);
    return viewDocument(row);
  }

  /** A page of documents, in the order of their ids. */
  async documents(query: DocumentsQuery = {}): Promise<DocumentsPage> {
    const page = await this.core.documents(this.tenant, { ...query, limit: query.limit ?? 100 });
    return { documents: page.documents.map(viewDocument), next: page.next ?? null };
  }

  /** All documents, page by page. */
  allDocuments(
    query: Omit<DocumentsQuery, 'after' | 'limit'> = {},
  ): AsyncGenerator<DocumentView, void, undefined> {
    return allPages((after) => this.documents({ ...query, limit: 1000, after }));
  }

  /** A page of a document's passages, in reading order. @throws BlockragError `document_not_found` */
  async passages(id: string, { limit = 100, after }: PassagesQuery = {}): Promise<PassagesPage> {
    const { passages, next = null } = await this.core.passages(this.tenant, id, { limit, after });
    return { passages: passages.map(viewPassage), next };
  }

  /** A document's original, as it was uploaded. @throws BlockragError `document_not_found`, `not_found` */
  async content(id: string): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.core.content(this.tenant, id)).bytes;
  }

  /** Deletes a document: it answers no question from now on. @throws BlockragError `document_not_found` */
  remove(id: string): Promise<void> {
    return this.core.remove(this.tenant, id);
  }

  /**
   * A document's progress as it happens. The last event is `ready`, `failed` (the document says why) or `removed`.
   * @throws BlockragError `document_not_found`, `cancelled`
   */
  async *watch(id: string, { signal }: RequestOptions = {}): AsyncGenerator<DocumentEvent, void, undefined> {
    const never = new AbortController().signal;
    for await (const row of this.core.watch(this.tenant, id, signal ?? never)) {
      const event = viewEvent(row);
      yield event;
      if (event.type !== 'progress') return;
    }
    // Nobody works on it any more: whoever waits for it must be told.
    this.#refuseIfClosed();
    throw new BlockragError('cancelled', 'The request was cancelled.');
  }

  /**
   * Waits until a document answers questions.
   * @throws BlockragError with the document's own code when it failed; `document_not_found`, `cancelled`
   */
  ready(id: string, options: RequestOptions = {}): Promise<DocumentView> {
    return untilReady(this.watch(id, options));
  }

  /** The collections, by name. */
  collections(): Promise<CollectionView[]> {
    return this.core.collections(this.tenant);
  }

  /** Deletes a collection with all its documents. @throws BlockragError `collection_not_found` */
  removeCollection(name: string): Promise<void> {
    return this.core.removeCollection(this.tenant, name);
  }

  /** Loads the models now instead of at the first question. */
  warm(): Promise<void> {
    return this.core.warm();
  }

  /**
   * The passages that a question would be answered from, best first, without an answer; maybe none.
   * @throws BlockragError `collection_not_found`, `no_documents`, `question_too_long`, `cancelled`, ...
   */
  async search(query: string, { signal, ...options }: SearchOptions = {}): Promise<FoundPassageView[]> {
    const body = parseRequest(searchSchema, { ...options, query });
    return (await this.core.search(toRetrieval(this.tenant, body), signal)).map(viewFound);
  }

  /**
   * Answers a question from a collection.
   * @throws BlockragError `collection_not_found`, `no_documents`, `question_too_long`, `overloaded`, `cancelled`, ...
   */
  async ask(question: string, { signal, ...options }: AskOptions = {}): Promise<AnswerView> {
    return viewAnswer(await this.core.ask(this.#question(question, options), { signal }));
  }

  /** The same, with the text as it comes; the last event holds the whole answer. Leaving the loop ends the work. */
  async *stream(
    question: string,
    { signal, ...options }: AskOptions = {},
  ): AsyncGenerator<AnswerEvent, void, undefined> {
    const asked = this.#question(question, options);
    const left = new AbortController();
    const either = AbortSignal.any([left.signal, ...(signal === undefined ? [] : [signal])]);
    try {
      yield* answerEvents((onText) => this.core.ask(asked, { signal: either, onText }));
    } finally {
      left.abort();
    }
  }

  /** What it is: its version, model and settings. */
  async system(): Promise<SystemView> {
    return viewSystem(this.core.facts());
  }

  /** What is still to be done in the background, of all tenants. */
  async work(): Promise<WorkView> {
    this.#refuseIfClosed();
    return viewWork(await this.core.work());
  }

  /** Counts what the tenant has stored. */
  async stats(): Promise<StatsView> {
    return viewStats(await this.core.stats(this.tenant));
  }

  /** Stops, for all tenants: answers under way are cancelled, what is still to be encoded waits for the next opening. */
  close(): Promise<void> {
    return this.core.close();
  }

  /** @throws BlockragError `shutting_down` */
  #refuseIfClosed(): void {
    const { aborted, reason: cause } = this.core.lost;
    if (aborted)
      throw new BlockragError('shutting_down', 'It is closed, or had to stop: open it again.', { cause });
  }

  #question(question: string, options: Omit<AskOptions, 'signal'>) {
    return toQuestion(this.tenant, parseRequest(querySchema, { ...options, question }));
  }
}
