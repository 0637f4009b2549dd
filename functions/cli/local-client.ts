/** The data directory, or stores elsewhere, opened in this process: spoken to as a server is. */

import { parseRequest, querySchema, toQuestion } from '../../shared/api/schemas/requests.ts';
import { type AnswerEvent, type AnswerView, viewAnswer } from '../../shared/api/views/answer.ts';
import {
  type DocumentEvent,
  type DocumentView,
  viewDocument,
  viewEvent,
} from '../../shared/api/views/document.ts';
import {
  type StatsView,
  type SystemView,
  viewStats,
  viewSystem,
  viewWork,
  type WorkView,
} from '../../shared/api/views/system.ts';
import { answerEvents } from '../../shared/api/work.ts';
import type { AskOptions, DocumentsQuery, NewDocument, RequestOptions } from '../../shared/client/index.ts';
import type { Config } from '../../shared/config.ts';
import { BlockragError } from '../../shared/errors.ts';
import type { Blockrag } from '../../shared/pipeline/blockrag.ts';
import { DEFAULT_COLLECTION, DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import { openOver } from '../../shared/pipeline/open.ts';
import type { OpenClientOptions } from './client.ts';
import type { Client } from './client-interface.ts';
import { openStores } from './stores.ts';
import { ProgressLine } from './terminal.ts';

/** Opens the data directory in this process, with progress of fetching and compiling on stderr. */
export async function openBlockrag(config: Config, options: OpenClientOptions): Promise<Blockrag> {
  const progress = new ProgressLine({ quiet: options.quiet });
  try {
    const stores = await openStores(config, options);
    return await openOver(stores, config, {
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

export class LocalClient implements Client {
  #blockrag: Blockrag;

  constructor(blockrag: Blockrag) {
    this.#blockrag = blockrag;
  }

  async add(document: NewDocument): Promise<DocumentView> {
    const { name, collection = DEFAULT_COLLECTION, metadata, text, bytes, mediaType } = document;
    const content = bytes ?? new TextEncoder().encode(text);
    const upload = { tenant: DEFAULT_TENANT, name, collection, metadata, mediaType, bytes: content };
    return viewDocument(await this.#blockrag.add(upload));
  }

  async *allDocuments(query: DocumentsQuery = {}): AsyncGenerator<DocumentView, void, undefined> {
    let after: string | undefined;
    do {
      const page = await this.#blockrag.documents(DEFAULT_TENANT, { ...query, after, limit: 1000 });
      yield* page.documents.map(viewDocument);
      after = page.next;
    } while (after !== undefined);
  }

  remove(id: string): Promise<void> {
    return this.#blockrag.remove(DEFAULT_TENANT, id);
  }

  async *watch(id: string, { signal }: RequestOptions = {}): AsyncGenerator<DocumentEvent, void, undefined> {
    const { lost } = this.#blockrag;
    const never = new AbortController().signal;
    for await (const row of this.#blockrag.watch(DEFAULT_TENANT, id, signal ?? never)) {
      const event = viewEvent(row);
      yield event;
      if (event.type !== 'progress') return;
    }
    // Nobody works on it any more: whoever waits for it must be told.
    lost.throwIfAborted();
    throw new BlockragError('cancelled', 'The request was cancelled.');
  }

  warm(): Promise<void> {
    return this.#blockrag.warm();
  }

  async ask(question: string, { signal, ...options }: AskOptions = {}): Promise<AnswerView> {
    return viewAnswer(await this.#blockrag.ask(questionOf(question, options), { signal }));
  }

  async *stream(
    question: string,
    { signal, ...options }: AskOptions = {},
  ): AsyncGenerator<AnswerEvent, void, undefined> {
    const asked = questionOf(question, options);
    const left = new AbortController();
    const either = AbortSignal.any([left.signal, ...(signal === undefined ? [] : [signal])]);
    try {
      yield* answerEvents((onText) => this.#blockrag.ask(asked, { signal: either, onText }));
    } finally {
      left.abort();
    }
  }

  async system(): Promise<SystemView> {
    return viewSystem(this.#blockrag.system());
  }

  async work(): Promise<WorkView> {
    this.#blockrag.lost.throwIfAborted();
    return viewWork(await this.#blockrag.work());
  }

  async stats(): Promise<StatsView> {
    return viewStats(await this.#blockrag.stats(DEFAULT_TENANT));
  }

  close(): Promise<void> {
    return this.#blockrag.close();
  }
}

function questionOf(question: string, options: Omit<AskOptions, 'signal'>) {
  return toQuestion(DEFAULT_TENANT, parseRequest(querySchema, { ...options, question }));
}
