/** Who is signed in, and the API as it answers them. */
import type { Scope } from '../../shared/access/keys.ts';
import { Http } from '../../shared/client/http.ts';
import { BlockragClient } from '../../shared/client/index.ts';
import { type Failure, toFailure } from './failure.ts';
import { createStore } from './store.ts';

/** What GET /v1/me says. */
export interface Caller {
  tenant: string;
  scopes: Scope[];
  /** Id of the key; null where the server asks for none. */
  key: string | null;
  operator: boolean;
}

export interface OpenSession {
  state: 'open';
  caller: Caller;
  client: BlockragClient;
  /** For routes that the client has no method for. */
  http: Http;
  apiKey: string | undefined;
}

export type Session =
  | OpenSession
  | { state: 'opening' }
  /** A key is needed; refused: the one that was given is none. */
  | { state: 'closed'; refused: boolean }
  | { state: 'unreachable'; failure: Failure };

export const session = createStore<Session>({ state: 'opening' });

/** Where the API is: beside the page. */
export const BASE = new URL('.', document.baseURI).href;
const STORED = 'blockrag.key';

/** Opens the session with the key that was remembered, or without one. */
export function openSession(): Promise<void> {
  return signIn(localStorage.getItem(STORED) ?? undefined, false);
}

/** @param remember whether the key is kept in this browser; else it is gone with the page */
export async function signIn(apiKey: string | undefined, remember: boolean): Promise<void> {
  session.set({ state: 'opening' });
  const http = new Http({ url: BASE, apiKey });
  try {
    const caller = await http.json<Caller>('GET', '/v1/me');
    if (remember && apiKey !== undefined) localStorage.setItem(STORED, apiKey);
    session.set({ state: 'open', caller, client: new BlockragClient({ url: BASE, apiKey }), http, apiKey });
  } catch (error) {
    const failure = toFailure(error);
    if (failure.code === 'unauthorized') session.set({ state: 'closed', refused: apiKey !== undefined });
    else session.set({ state: 'unreachable', failure });
  }
}

/** Forgets the key. */
export function signOut(): void {
  localStorage.removeItem(STORED);
  session.set({ state: 'closed', refused: false });
}

/** The session of whoever is signed in. Only parts of the page that are shown to them call it. */
export function opened(): OpenSession {
  const now = session.get();
  if (now.state !== 'open') throw new Error('nobody is signed in');
  return now;
}

/** What went wrong, to be shown. A key that is refused ends the session. */
export function failed(error: unknown): Failure {
  const failure = toFailure(error);
  if (failure.code === 'unauthorized' && session.get().state === 'open') {
    session.set({ state: 'closed', refused: true });
  }
  return failure;
}
