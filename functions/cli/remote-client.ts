/** The `serve` process that owns the data directory, spoken to over its REST API. */

import type { QueryBody } from '../../shared/api/schemas/requests.ts';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import type { DocumentView } from '../../shared/api/views/document.ts';
import { BlockragError, ERROR_STATUS, type ErrorCode, isBlockragError } from '../../shared/errors.ts';
import type { Stats } from '../../shared/pipeline/blockrag.ts';
import type { AskOptions, Client } from './client.ts';
import { allPages, pause } from './paging.ts';

export class RemoteClient implements Client {
  #url: string;
  #key: string | undefined;

  /** @param key an API key; by default that of BLOCKRAG_API_KEY */
  constructor(url: string, key = process.env.BLOCKRAG_API_KEY || undefined) {
    this.#url = url;
    this.#key = key;
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
      // A key that is no operator's is not told of the queue.
      const { work }: Partial<Stats> = await this.stats();
      if (signal.aborted || work === undefined || work.waiting + work.leased === 0) return;
      await pause(200);
    }
  }

  /** A server is warm before it answers. */
  async warm(): Promise<void> {}

  async ask(options: AskOptions, signal: AbortSignal, onText?: (text: string) => void): Promise<AnswerView> {
    if (onText === undefined)
      return (await this.#request('POST', '/v1/query', options, signal)) as AnswerView;
    const body: Partial<QueryBody> = { ...options, stream: true };
    const response = await this.#fetch('POST', '/v1/query', body, signal);
    for await (const { event, data } of serverSentEvents(response)) {
      if (event === 'text') onText((data as { text: string }).text);
      if (event === 'done') return data as AnswerView;
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
      headers: {
        ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
        ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
      },
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
