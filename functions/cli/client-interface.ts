/** What commands work with: a server that is spoken to, or the data directory opened in this process. */
import type { Logger } from 'pino';
import type { DocumentView } from '../../shared/api/views/document.ts';
import type { WorkView } from '../../shared/api/views/system.ts';
import type { BlockragClient } from '../../shared/client/index.ts';
import { isBlockragError } from '../../shared/errors.ts';
import type { DataPlace } from './given.ts';

/** How a command opens what it works with. */
export interface OpenClientOptions {
  command: string;
  quiet: boolean;
  reencode?: boolean;
  adoptCatalog?: boolean | undefined;
  /** Whether a data directory that is not there is made; else it is an error. */
  create?: boolean;
  /** Whether a bucket and a table that are missing are made. */
  createStores?: boolean | undefined;
  /** Whether the models are loaded at once, where that is done here. */
  warm?: boolean | undefined;
  logger?: Logger;
  signal: AbortSignal;
}

/** The part of the HTTP client that commands use; the data directory in this process offers the same. */
export interface Client
  extends Pick<
    BlockragClient,
    | 'add'
    | 'allDocuments'
    | 'remove'
    | 'watch'
    | 'ask'
    | 'stream'
    | 'search'
    | 'document'
    | 'documents'
    | 'passages'
    | 'collections'
    | 'system'
    | 'work'
    | 'stats'
    | 'close'
  > {
  /** Loads the models, so that the figures of the first answer are those of any other. A server has loaded them. */
  warm?(): Promise<void>;
}

/** All documents, or all of one collection. */
export async function documentsOf(
  client: Pick<Client, 'allDocuments'>,
  collection: string | undefined,
): Promise<DocumentView[]> {
  const documents: DocumentView[] = [];
  for await (const document of client.allDocuments({ collection })) documents.push(document);
  return documents;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

/** What is still to be done; undefined for a key that may not know. */
export async function workOf(client: Pick<Client, 'work'>): Promise<WorkView | undefined> {
  try {
    return await client.work();
  } catch (error) {
    if (isBlockragError(error, 'forbidden') || isBlockragError(error, 'scope_missing')) return undefined;
    throw error;
  }
}

/**
 * Waits until nothing is left to be done in the background, as far as the key may know, or until the signal. On stores
 * that others work on too it does not wait: there may always be something.
 */
export async function idle(
  client: Pick<Client, 'work'>,
  { stores }: Pick<DataPlace, 'stores'>,
  signal: AbortSignal,
): Promise<void> {
  if (stores !== undefined) return;
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const work = await workOf(client);
    if (work === undefined || work.waiting + work.leased === 0) return;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
