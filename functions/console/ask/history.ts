/** Conversations, kept in this browser by IndexedDB: a database for each tenant. */
import { createStore } from '../store.ts';
import type { Conversation, Turn } from './conversation.ts';

export interface History {
  loaded: boolean;
  /** Whether the browser lets the page keep them. */
  kept: boolean;
  byId: ReadonlyMap<string, Conversation>;
}

const NOTHING: History = { loaded: false, kept: true, byId: new Map() };
export const history = createStore<History>(NOTHING);

const STORE = 'conversations';
let database: IDBDatabase | undefined;
/** Counts openings: one that another tenant's has overtaken must show nothing. */
let openings = 0;

/** Reads a tenant's conversations. */
export async function openHistory(tenant: string): Promise<void> {
  openings += 1;
  const mine = openings;
  database?.close();
  database = undefined;
  history.set(NOTHING);
  try {
    const request = indexedDB.open(`blockrag.${tenant}`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    const opened = await done(request);
    const all = await done<Conversation[]>(opened.transaction(STORE).objectStore(STORE).getAll());
    if (mine !== openings) return opened.close();
    database = opened;
    history.set({ loaded: true, kept: true, byId: new Map(all.map((one) => [one.id, interrupted(one)])) });
  } catch {
    if (mine === openings) history.set({ loaded: true, kept: false, byId: new Map() });
  }
}

/** An answer that was being streamed when the page was closed is not any more. */
function interrupted(conversation: Conversation): Conversation {
  const end = (turn: Turn): Turn => (turn.state === 'streaming' ? { ...turn, state: 'stopped' } : turn);
  return { ...conversation, turns: conversation.turns.map(end) };
}

/** Shows a conversation as it is now. */
export function showConversation(conversation: Conversation): void {
  history.update((now) => ({ ...now, byId: new Map(now.byId).set(conversation.id, conversation) }));
}

/** Keeps a conversation as it is shown. */
export function keepConversation(id: string): void {
  const conversation = history.get().byId.get(id);
  if (conversation !== undefined) write((store) => store.put(conversation));
}

export function removeConversations(ids: readonly string[]): void {
  history.update((now) => ({
    ...now,
    byId: new Map([...now.byId].filter(([id]) => !ids.includes(id))),
  }));
  for (const id of ids) write((store) => store.delete(id));
}

function write(change: (store: IDBObjectStore) => IDBRequest): void {
  if (database === undefined) return;
  try {
    const transaction = database.transaction(STORE, 'readwrite');
    transaction.onabort = () => history.update((now) => ({ ...now, kept: false }));
    change(transaction.objectStore(STORE));
  } catch {
    history.update((now) => ({ ...now, kept: false }));
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
