/** The documents of the tenant as they are now: listed once, then followed while they are being read. */
import type { CollectionView, DocumentView } from '../../../shared/client/index.ts';
import type { Failure } from '../failure.ts';
import { failed, opened } from '../session.ts';
import { createStore } from '../store.ts';

export interface Documents {
  /** Whether the list was read. */
  loaded: boolean;
  failure: Failure | undefined;
  byId: ReadonlyMap<string, DocumentView>;
  collections: readonly CollectionView[];
}

const NOTHING: Documents = { loaded: false, failure: undefined, byId: new Map(), collections: [] };
export const documents = createStore<Documents>(NOTHING);

/** Streams of progress at once: a browser has six connections to a server, and questions need some. */
const STREAMS = 2;
/** Documents without a stream of their own are looked at so often. */
const POLL_MS = 3_000;
/** After so long a stream is tried again whose connection was lost. */
const PAUSE_MS = 2_000;
const PENDING = ['queued', 'encoding'] as const;

export const isPending = ({ status }: DocumentView): boolean => status === 'queued' || status === 'encoding';

let closed = new AbortController();
let following = new Set<string>();

/** Reads the list and follows what is being read. @returns what ends that */
export function openDocuments(): () => void {
  closed = new AbortController();
  following = new Set();
  documents.set(NOTHING);
  const { signal } = closed;
  void loadDocuments();
  const timer = setInterval(() => void poll(signal), POLL_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  return () => closed.abort();
}

/** Reads the list again. */
export async function loadDocuments(): Promise<void> {
  const { client } = opened();
  const { signal } = closed;
  try {
    const byId = new Map<string, DocumentView>();
    for await (const document of client.allDocuments({}, { signal })) byId.set(document.id, document);
    const collections = await client.collections({ signal });
    documents.set({ loaded: true, failure: undefined, byId, collections });
    followMore(signal);
  } catch (error) {
    if (!signal.aborted) documents.update((now) => ({ ...now, loaded: true, failure: failed(error) }));
  }
}

/** A document changed, or is new. */
export function putDocument(document: DocumentView): void {
  documents.update((now) => ({ ...now, byId: new Map(now.byId).set(document.id, document) }));
  followMore(closed.signal);
  void loadCollections();
}

/** A document is gone. */
export function dropDocuments(isGone: (document: DocumentView) => boolean): void {
  documents.update((now) => ({
    ...now,
    byId: new Map([...now.byId].filter(([, document]) => !isGone(document))),
  }));
  void loadCollections();
}

let asked = false;
/** Reads the collections again, once for many changes in a row. */
async function loadCollections(): Promise<void> {
  if (asked) return;
  asked = true;
  await new Promise((resolve) => setTimeout(resolve, 500));
  asked = false;
  const { signal } = closed;
  if (signal.aborted) return;
  try {
    const collections = await opened().client.collections({ signal });
    documents.update((now) => ({ ...now, collections }));
  } catch {
    // The next change asks again.
  }
}

/** Opens streams for documents that are being read, those in hand first. */
function followMore(signal: AbortSignal): void {
  const pending = [...documents.get().byId.values()].filter(isPending);
  const waiting = pending.filter(({ id }) => !following.has(id));
  waiting.sort((a, b) => Number(b.status === 'encoding') - Number(a.status === 'encoding'));
  for (const { id } of waiting.slice(0, Math.max(0, STREAMS - following.size))) void follow(id, signal);
}

async function follow(id: string, signal: AbortSignal): Promise<void> {
  following.add(id);
  try {
    for await (const { type, document } of opened().client.watch(id, { signal })) {
      if (signal.aborted) return;
      if (type === 'removed') dropDocuments((one) => one.id === id);
      else documents.update((now) => ({ ...now, byId: new Map(now.byId).set(id, document) }));
      if (type !== 'progress') void loadCollections();
    }
  } catch (error) {
    if (signal.aborted) return;
    if (failed(error).code === 'document_not_found') dropDocuments((one) => one.id === id);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  } finally {
    following.delete(id);
    if (!signal.aborted) followMore(signal);
  }
}

/** Looks at what is being read and has no stream. */
async function poll(signal: AbortSignal): Promise<void> {
  const known = [...documents.get().byId.values()].filter(isPending);
  if (!known.some(({ id }) => !following.has(id))) return;
  const { client } = opened();
  try {
    const now = new Map<string, DocumentView>();
    for await (const one of client.allDocuments({ status: PENDING }, { signal })) now.set(one.id, one);
    // What is pending no more has become ready or failed, or is gone: the whole list says which.
    if (known.some(({ id }) => !now.has(id) && !following.has(id))) return await loadDocuments();
    documents.update((all) => ({ ...all, byId: new Map([...all.byId, ...now]) }));
    followMore(signal);
  } catch {
    // The server may be starting again: the next look tells.
  }
}
