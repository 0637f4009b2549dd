/**
 * What commands work with: the data directory opened in this process, or the `serve` process that owns it,
 * spoken to over its REST API.
 */
import { existsSync } from 'node:fs';
import type { Logger } from 'pino';
import type { AttentionMode } from '../../shared/attention/answer.ts';
import { type Config, openDataDirectory } from '../../shared/config.ts';
import { BlockragError, ERROR_STATUS, type ErrorCode, isBlockragError } from '../../shared/errors.ts';
import type { Answer } from '../../shared/pipeline/answer.ts';
import { Blockrag, type Stats } from '../../shared/pipeline/blockrag.ts';
import { readOwner } from '../../shared/storage/ownership.ts';
import { toQuestion } from '../query/routes/query.ts';
import { parseRequest, type QueryBody, querySchema } from '../query/schemas.ts';
import { type DocumentView, viewDocument } from '../query/views.ts';
import { ProgressLine } from './terminal.ts';

export interface AskOptions {
  question: string;
  collection: string;
  attention: AttentionMode;
  top_k: number;
  max_tokens: number;
}

export interface Client {
  add(document: { collection: string; name: string; bytes: Uint8Array<ArrayBuffer> }): Promise<DocumentView>;
  document(id: string): Promise<DocumentView | undefined>;
  documents(collection: string | undefined): Promise<DocumentView[]>;
  remove(id: string): Promise<void>;
  /** Loads the models, so that the figures of the first answer are those of any other. */
  warm(): Promise<void>;
  /** Waits until nothing is left to be done in the background. */
  idle(signal: AbortSignal): Promise<void>;
  ask(options: AskOptions, signal: AbortSignal, onText?: (text: string) => void): Promise<Answer>;
  stats(): Promise<Stats>;
  close(): Promise<void>;
}

export interface OpenClientOptions {
  command: string;
  quiet: boolean;
  reencode?: boolean;
  /** Whether a data directory that is not there is made; else it is an error. */
  create?: boolean;
  logger?: Logger;
  signal: AbortSignal;
}

/**
 * Opens the data directory, or reaches the server that owns it.
 * @throws BlockragError `data_directory_in_use`, `no_documents`
 */
export async function openClient(config: Config, options: OpenClientOptions): Promise<Client> {
  if (options.create !== true && !existsSync(config.data)) {
    throw new BlockragError(
      'no_documents',
      `There is no data directory ${config.data}: add documents first (blockrag add FILES), or name another with --data.`,
    );
  }
  const environment = await openDataDirectory(config.data);
  const owner = readOwner(environment);
  await environment.close();
  if (owner?.url !== undefined && options.reencode !== true) {
    const client = new RemoteClient(owner.url);
    await refuseOtherSettings(config, await client.stats(), owner.url);
    return client;
  }
  return new LocalClient(await openBlockrag(config, options));
}

/** Opens the data directory in this process, with progress of fetching and compiling on stderr. */
export async function openBlockrag(config: Config, options: OpenClientOptions): Promise<Blockrag> {
  const progress = new ProgressLine({ quiet: options.quiet });
  try {
    return await Blockrag.open(config, {
      command: options.command,
      reencode: options.reencode,
      logger: options.logger,
      signal: options.signal,
      onProgress: ({ phase, done, total }) => {
        const unit = phase === 'download' || phase === 'unpack' ? 'bytes' : 'count';
        progress.update(`model: ${phase}`, done, total, unit);
      },
    });
  } finally {
    progress.end();
  }
}

/** A server answers with its own settings: a command that asks for others must not get them silently. */
async function refuseOtherSettings(config: Config, stats: Stats, url: string): Promise<void> {
  const asked = { kv: config.kv, passage_tokens: config.passageTokens, model_reference: config.model };
  for (const [name, value] of Object.entries(asked)) {
    const used = stats[name as keyof Stats];
    if (value === undefined || value === used) continue;
    throw new BlockragError(
      'data_directory_in_use',
      `The data directory is served at ${url} with ${name} ${used}: stop that server to use ${value}.`,
    );
  }
}

class LocalClient implements Client {
  #blockrag: Blockrag;

  constructor(blockrag: Blockrag) {
    this.#blockrag = blockrag;
  }

  async add(document: { collection: string; name: string; bytes: Uint8Array }): Promise<DocumentView> {
    return viewDocument(await this.#blockrag.add({ ...document, mediaType: undefined }));
  }

  async document(id: string): Promise<DocumentView | undefined> {
    // Nobody would work on it any more: whoever waits for it must be told.
    this.#blockrag.lost.throwIfAborted();
    const row = await this.#blockrag.document(id);
    return row && viewDocument(row);
  }

  async documents(collection: string | undefined): Promise<DocumentView[]> {
    return allPages(async (after) => {
      const page = await this.#blockrag.documents({ collection, after, limit: 1000 });
      return { documents: page.documents.map(viewDocument), next: page.next };
    });
  }

  remove(id: string): Promise<void> {
    return this.#blockrag.remove(id);
  }

  async idle(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#blockrag.lost.aborted && (await this.#blockrag.busy())) await pause(50);
  }

  warm(): Promise<void> {
    return this.#blockrag.warm();
  }

  ask(options: AskOptions, signal: AbortSignal, onText?: (text: string) => void): Promise<Answer> {
    return this.#blockrag.ask(toQuestion(parseRequest(querySchema, options)), { signal, onText });
  }

  stats(): Promise<Stats> {
    return this.#blockrag.stats();
  }

  close(): Promise<void> {
    return this.#blockrag.close();
  }
}

class RemoteClient implements Client {
  #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async add(document: {
    collection: string;
    name: string;
    bytes: Uint8Array<ArrayBuffer>;
  }): Promise<DocumentView> {
    const form = new FormData();
    form.set('file', new Blob([document.bytes]), 'document');
    form.set('name', document.name);
    form.set('collection', document.collection);
    return (await this.#request('POST', '/v1/documents', form)) as DocumentView;
  }

  async document(id: string): Promise<DocumentView | undefined> {
    try {
      return (await this.#request('GET', `/v1/documents/${encodeURIComponent(id)}`)) as DocumentView;
    } catch (error) {
      if (isBlockragError(error, 'document_not_found')) return undefined;
      throw error;
    }
  }

  async documents(collection: string | undefined): Promise<DocumentView[]> {
    return allPages(async (after) => {
      const query = new URLSearchParams({ limit: '1000' });
      if (collection !== undefined) query.set('collection', collection);
      if (after !== undefined) query.set('after', after);
      const page = (await this.#request('GET', `/v1/documents?${query}`)) as {
        documents: DocumentView[];
        next: string | null;
      };
      return { documents: page.documents, next: page.next ?? undefined };
    });
  }

  async remove(id: string): Promise<void> {
    await this.#request('DELETE', `/v1/documents/${encodeURIComponent(id)}`);
  }

  async idle(signal: AbortSignal): Promise<void> {
    for (;;) {
      const { work } = await this.stats();
      if (signal.aborted || work.waiting + work.leased === 0) return;
      await pause(200);
    }
  }

  /** A server is warm before it answers. */
  async warm(): Promise<void> {}

  async ask(options: AskOptions, signal: AbortSignal, onText?: (text: string) => void): Promise<Answer> {
    if (onText === undefined) return (await this.#request('POST', '/v1/query', options, signal)) as Answer;
    const body: Partial<QueryBody> = { ...options, stream: true };
    const response = await this.#fetch('POST', '/v1/query', body, signal);
    for await (const { event, data } of serverSentEvents(response)) {
      if (event === 'text') onText((data as { text: string }).text);
      if (event === 'done') return data as Answer;
      if (event === 'error') throw fromProblem(data);
    }
    throw new BlockragError('internal', 'The server ended the answer without saying why.');
  }

  async stats(): Promise<Stats> {
    return (await this.#request('GET', '/v1/stats')) as Stats;
  }

  async close(): Promise<void> {}

  async #request(
    method: string,
    path: string,
    body?: FormData | object,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const response = await this.#fetch(method, path, body, signal);
    return response.status === 204 ? undefined : response.json();
  }

  async #fetch(
    method: string,
    path: string,
    body?: FormData | object,
    signal?: AbortSignal,
  ): Promise<Response> {
    const form = body instanceof FormData;
    const response = await fetch(`${this.#url}${path}`, {
      method,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
      ...(body === undefined || form ? {} : { headers: { 'content-type': 'application/json' } }),
    }).catch((cause: unknown) => {
      if (signal?.aborted) throw cause;
      throw new BlockragError('data_directory_in_use', `The server at ${this.#url} does not answer.`, {
        cause,
      });
    });
    if (!response.ok) throw fromProblem(await response.json().catch(() => ({})));
    return response;
  }
}

function fromProblem(problem: unknown): BlockragError {
  const { code, detail } = Object(problem) as { code?: string; detail?: string };
  const known = code !== undefined && code in ERROR_STATUS ? (code as ErrorCode) : 'internal';
  return new BlockragError(known, detail ?? 'The server failed.');
}

async function* serverSentEvents(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
  let buffered = '';
  const body = response.body!.pipeThrough(new TextDecoderStream());
  for await (const chunk of body) {
    buffered += chunk;
    let end = buffered.indexOf('\n\n');
    for (; end >= 0; end = buffered.indexOf('\n\n')) {
      const fields = new Map(
        buffered
          .slice(0, end)
          .split('\n')
          .map((line): [string, string] => [
            line.slice(0, line.indexOf(':')),
            line.slice(line.indexOf(':') + 2),
          ]),
      );
      buffered = buffered.slice(end + 2);
      yield { event: fields.get('event') ?? '', data: JSON.parse(fields.get('data') ?? 'null') };
    }
  }
}

async function allPages(
  page: (after: string | undefined) => Promise<{ documents: DocumentView[]; next: string | undefined }>,
): Promise<DocumentView[]> {
  const documents: DocumentView[] = [];
  let after: string | undefined;
  do {
    const one = await page(after);
    documents.push(...one.documents);
    after = one.next;
  } while (after !== undefined);
  return documents;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
