/** The data directory opened in this process. */

import { parseRequest, querySchema, toQuestion } from '../../shared/api/schemas/requests.ts';
import { type AnswerView, viewAnswer } from '../../shared/api/views/answer.ts';
import { type DocumentView, viewDocument } from '../../shared/api/views/document.ts';
import { type Blockrag, DEFAULT_TENANT, type Stats } from '../../shared/pipeline/blockrag.ts';
import type { AskOptions, Client } from './client.ts';
import { allPages, pause } from './paging.ts';

export class LocalClient implements Client {
  #blockrag: Blockrag;

  constructor(blockrag: Blockrag) {
    this.#blockrag = blockrag;
  }

  async add(document: { collection: string; name: string; bytes: Uint8Array }): Promise<DocumentView> {
    return viewDocument(
      await this.#blockrag.add({ tenant: DEFAULT_TENANT, ...document, mediaType: undefined }),
    );
  }

  async document(id: string): Promise<DocumentView | undefined> {
    // Nobody would work on it any more: whoever waits for it must be told.
    this.#blockrag.lost.throwIfAborted();
    const row = await this.#blockrag.document(DEFAULT_TENANT, id);
    return row && viewDocument(row);
  }

  async documents(collection: string | undefined): Promise<DocumentView[]> {
    return allPages(async (after) => {
      const page = await this.#blockrag.documents(DEFAULT_TENANT, { collection, after, limit: 1000 });
      return { documents: page.documents.map(viewDocument), next: page.next };
    });
  }

  remove(id: string): Promise<void> {
    return this.#blockrag.remove(DEFAULT_TENANT, id);
  }

  async idle(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#blockrag.lost.aborted && (await this.#blockrag.busy())) await pause(50);
  }

  warm(): Promise<void> {
    return this.#blockrag.warm();
  }

  async ask(options: AskOptions, signal: AbortSignal, onText?: (text: string) => void): Promise<AnswerView> {
    const question = toQuestion(DEFAULT_TENANT, parseRequest(querySchema, options));
    return viewAnswer(await this.#blockrag.ask(question, { signal, onText }));
  }

  stats(): Promise<Stats> {
    return this.#blockrag.stats(DEFAULT_TENANT);
  }

  close(): Promise<void> {
    return this.#blockrag.close();
  }
}
