/** `blockrag/client`: the REST API of a server, typed. It runs wherever there is `fetch`. */
import type { QueryInput, SearchInput } from '../api/schemas/requests.ts';
import type { AnswerEvent, AnswerView } from '../api/views/answer.ts';
import type { AddedView, DocumentEvent, DocumentView } from '../api/views/document.ts';
import type { PassageView } from '../api/views/passage.ts';
import type { FoundPassageView } from '../api/views/search.ts';
import type { StatsView, SystemView, WorkView } from '../api/views/system.ts';
import { BlockragError } from '../errors.ts';
import { allPages } from './all-pages.ts';
import { Http, type HttpOptions, toError } from './http.ts';
import { serverSentEvents } from './server-sent-events.ts';
import { untilReady } from './until-ready.ts';

export type { AnswerEvent, AnswerView, CitationView, UsageView } from '../api/views/answer.ts';
export type { AddedView, DocumentEvent, DocumentView } from '../api/views/document.ts';
export type { PassageView } from '../api/views/passage.ts';
export type { FoundPassageView } from '../api/views/search.ts';
export type { StatsView, SystemView, WorkView } from '../api/views/system.ts';
export { BlockragError, type ErrorCode, isBlockragError } from '../errors.ts';

export interface ClientOptions extends HttpOptions {
  /** Where the server answers: `http://127.0.0.1:8080`. */
  url: string | URL;
  /** `brk_...`; a server on loopback without keys needs none. */
  apiKey?: string | undefined;
}

export interface RequestOptions {
  /** Ends the request, and the server's work on it. */
  signal?: AbortSignal | undefined;
}

/** A document to add: its text, or the bytes of its file (PDF, an Office format, HTML, any text). */
export type NewDocument = {
  /** The same name in the same collection is the same document. */
  name: string;
  collection?: string | undefined;
  metadata?: Record<string, string | number | boolean> | undefined;
  /** What becomes of another document of this name; `replace` unless told. `error`: see `document_exists`. */
  ifExists?: 'replace' | 'error' | undefined;
} & (
  | { text: string; bytes?: undefined; mediaType?: undefined }
  | {
      bytes: Uint8Array<ArrayBuffer>;
      text?: undefined;
      /** Found out from name and content where it is left out. */
      mediaType?: string | undefined;
    }
);

export interface AddOptions extends RequestOptions {
  /** Sent again within a day with the same document, it is added once. */
  idempotencyKey?: string | undefined;
}

export interface DocumentsQuery {
  collection?: string | undefined;
  /** Any of these; none given: all. */
  status?: readonly DocumentView['status'][] | undefined;
  /** Of the metadata: every key must match, of several values any. */
  filter?: QueryInput['filter'];
  /** Documents of a page at most, 1 to 1000; default 100. */
  limit?: number | undefined;
  /** The `next` of the page before. */
  after?: string | undefined;
}

/** A page may have fewer documents than its limit, or none, although there is a `next`. */
export interface DocumentsPage {
  documents: DocumentView[];
  /** Where the next page begins; null: there is none. */
  next: string | null;
}

export interface PassagesQuery {
  /** Passages of a page at most, 1 to 1000; default 100. */
  limit?: number | undefined;
  /** The `next` of the page before. */
  after?: string | undefined;
}

export interface PassagesPage {
  passages: PassageView[];
  /** Where the next page begins; null: there is none. */
  next: string | null;
}

export interface CollectionView {
  name: string;
  documents: number;
  /** Of what answers questions. */
  passages: number;
  tokens: number;
}

/** As the fields of POST /v1/query are called: `collection`, `top_k`, `max_tokens`, `attention`, ... */
export type AskOptions = Omit<QueryInput, 'question' | 'stream'> & RequestOptions;

/** As the fields of POST /v1/search are called: `collection`, `filter`, `top_k`. */
export type SearchOptions = Omit<SearchInput, 'query'> & RequestOptions;

/**
 * A client of one server. Every method throws BlockragError: with the server's code, or `server_unreachable` where no
 * answer came, or `cancelled` where its signal was aborted.
 *
 * @example
 * const client = new BlockragClient({ url: 'http://127.0.0.1:8080' });
 * const { id } = await client.add({ name: 'ferry.md', text: 'The ferry leaves at noon.' });
 * for await (const { type } of client.watch(id)) console.log(type);
 * const { answer, citations } = await client.ask('When does the ferry leave?');
 */
export class BlockragClient {
  #http: Http;

  constructor(options: ClientOptions) {
    this.#http = new Http(options);
  }

  /** Takes a document in; it is durable when this resolves, and encoded in the background (see `watch`). */
  add(document: NewDocument, { idempotencyKey, signal }: AddOptions = {}): Promise<AddedView> {
    const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    const { name, collection, metadata, text, bytes, mediaType, ifExists } = document;
    const body =
      bytes === undefined ? { name, collection, metadata, text, if_exists: ifExists } : new FormData();
    if (body instanceof FormData) {
      body.set('file', new Blob([bytes!], { type: mediaType ?? '' }), 'document');
      body.set('name', name);
      if (collection !== undefined) body.set('collection', collection);
      if (ifExists !== undefined) body.set('if_exists', ifExists);
      if (metadata !== undefined) body.set('metadata', JSON.stringify(metadata));
    }
    return this.#http.json('POST', '/v1/documents', { body, headers, signal });
  }

  /** A document as it is now. @throws BlockragError `document_not_found` */
  document(id: string, options: RequestOptions = {}): Promise<DocumentView> {
    return this.#http.json('GET', documentPath(id), options);
  }

  /** A page of documents, in the order of their ids. */
  documents(query: DocumentsQuery = {}, options: RequestOptions = {}): Promise<DocumentsPage> {
    const { collection, status, filter, limit, after } = query;
    const given = { collection, status: status?.join(','), filter: filter && JSON.stringify(filter), after };
    const parameters = new URLSearchParams({ limit: String(limit ?? 100) });
    for (const [name, value] of Object.entries(given)) if (value !== undefined) parameters.set(name, value);
    return this.#http.json('GET', `/v1/documents?${parameters}`, options);
  }

  /** All documents, page by page. */
  allDocuments(
    query: Omit<DocumentsQuery, 'after' | 'limit'> = {},
    options: RequestOptions = {},
  ): AsyncGenerator<DocumentView, void, undefined> {
    return allPages((after) => this.documents({ ...query, limit: 1000, after }, options));
  }

  /** A page of a document's passages, in reading order. @throws BlockragError `document_not_found` */
  passages(
    id: string,
    { limit, after }: PassagesQuery = {},
    options: RequestOptions = {},
  ): Promise<PassagesPage> {
    const parameters = new URLSearchParams({ limit: String(limit ?? 100) });
    if (after !== undefined) parameters.set('after', after);
    return this.#http.json('GET', `${documentPath(id)}/passages?${parameters}`, options);
  }

  /** A document's original, as it was uploaded. @throws BlockragError `document_not_found`, `not_found` */
  async content(id: string, { signal }: RequestOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.#http.send('GET', `${documentPath(id)}/content`, { signal });
    const bytes = await response.arrayBuffer().catch((cause: unknown) => {
      throw this.#http.lost(cause, signal);
    });
    return new Uint8Array(bytes);
  }

  /** Deletes a document: it answers no question from now on. @throws BlockragError `document_not_found` */
  remove(id: string, options: RequestOptions = {}): Promise<void> {
    return this.#http.json('DELETE', documentPath(id), options);
  }

  /**
   * A document's progress as it happens. The last event is `ready`, `failed` (the document says why) or `removed`.
   * @throws BlockragError `document_not_found`, `shutting_down`
   */
  async *watch(id: string, options: RequestOptions = {}): AsyncGenerator<DocumentEvent, void, undefined> {
    let last: DocumentView | undefined;
    for (;;) {
      let retry: number | undefined;
      for await (const { event, data, ...more } of this.#events(
        'GET',
        `${documentPath(id)}/events`,
        options,
      )) {
        const type = event as DocumentEvent['type'];
        const document = data as DocumentView;
        retry = more.retry ?? retry;
        if (type !== 'progress' || !isSameProgress(document, last)) yield { type, document };
        if (type !== 'progress') return;
        last = document;
      }
      // A server that ends streams early says when to ask again; any other has gone.
      if (retry === undefined) throw this.#http.lost(undefined, options.signal);
      await pause(retry, options.signal);
      if (options.signal?.aborted) throw this.#http.lost(undefined, options.signal);
    }
  }

  /**
   * Waits until a document answers questions.
   * @throws BlockragError with the document's own code when it failed; `document_not_found`, `cancelled`
   */
  ready(id: string, options: RequestOptions = {}): Promise<DocumentView> {
    return untilReady(this.watch(id, options));
  }

  /** The collections, by name. */
  async collections(options: RequestOptions = {}): Promise<CollectionView[]> {
    const { collections } = await this.#http.json<{ collections: CollectionView[] }>(
      'GET',
      '/v1/collections',
      options,
    );
    return collections;
  }

  /** Deletes a collection with all its documents. @throws BlockragError `collection_not_found` */
  removeCollection(name: string, options: RequestOptions = {}): Promise<void> {
    return this.#http.json('DELETE', `/v1/collections/${encodeURIComponent(name)}`, options);
  }

  /**
   * The passages that a question would be answered from, best first, without an answer; maybe none.
   * @throws BlockragError `collection_not_found`, `no_documents`, `question_too_long`, ...
   */
  async search(query: string, { signal, ...options }: SearchOptions = {}): Promise<FoundPassageView[]> {
    const body = { ...options, query };
    const { passages } = await this.#http.json<{ passages: FoundPassageView[] }>('POST', '/v1/search', {
      body,
      signal,
    });
    return passages;
  }

  /** Answers a question. @throws BlockragError `collection_not_found`, `no_documents`, `question_too_long`, ... */
  ask(question: string, { signal, ...options }: AskOptions = {}): Promise<AnswerView> {
    return this.#http.json('POST', '/v1/query', { body: { ...options, question }, signal });
  }

  /** The same, with the text as it comes; the last event holds the whole answer. */
  async *stream(
    question: string,
    { signal, ...options }: AskOptions = {},
  ): AsyncGenerator<AnswerEvent, void, undefined> {
    const body = { ...options, question, stream: true };
    for await (const { event, data } of this.#events('POST', '/v1/query', { body, signal })) {
      if (event === 'text') yield { type: 'text', text: (data as { text: string }).text };
      if (event === 'done') {
        yield { type: 'done', answer: data as AnswerView };
        return;
      }
    }
    throw this.#http.lost(undefined, signal);
  }

  /** What the server is: its version, model and settings. */
  system(options: RequestOptions = {}): Promise<SystemView> {
    return this.#http.json('GET', '/v1/system', options);
  }

  /** What is still to be done in the background. @throws BlockragError `forbidden`, `scope_missing`: operators only */
  work(options: RequestOptions = {}): Promise<WorkView> {
    return this.#http.json('GET', '/v1/work', options);
  }

  /** Counts what the key's tenant has stored. */
  stats(options: RequestOptions = {}): Promise<StatsView> {
    return this.#http.json('GET', '/v1/stats', options);
  }

  /** Ends what is under way; the client cannot be used any more. */
  async close(): Promise<void> {
    this.#http.close();
  }

  /** Events with their data read; an event `error` is thrown. */
  async *#events(
    method: string,
    path: string,
    parts: { body?: object; signal?: AbortSignal | undefined },
  ): AsyncGenerator<{ event: string; data: unknown; retry?: number }, void, undefined> {
    const response = await this.#http.send(method, path, parts);
    try {
      for await (const { data, ...rest } of serverSentEvents(response)) {
        const value = JSON.parse(data) as unknown;
        if (rest.event === 'error') throw toError(value);
        yield { ...rest, data: value };
      }
    } catch (error) {
      throw error instanceof BlockragError ? error : this.#http.lost(error, parts.signal);
    }
  }
}

const documentPath = (id: string) => `/v1/documents/${encodeURIComponent(id)}`;

function isSameProgress(one: DocumentView, other: DocumentView | undefined): boolean {
  return other !== undefined && one.status === other.status && one.encoded === other.encoded;
}

/** Resolves after a time, or when aborted. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    function end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    }
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}
