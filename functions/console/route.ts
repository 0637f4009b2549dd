/** Where the user is: in the part of the address behind #, so that links and the back button work. */
import { createStore } from './store.ts';

export type Route =
  | { page: 'ask'; conversation: string | undefined }
  | { page: 'documents'; document: string | undefined; passage: number | undefined }
  | { page: 'operate' };

export const route = createStore<Route>(parseRoute(location.hash));
addEventListener('hashchange', () => route.set(parseRoute(location.hash)));

/** What an address means; what is not known is a new conversation. */
export function parseRoute(hash: string): Route {
  const [page, id, passage] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  if (page === 'documents') {
    const number = /^\d+$/.test(passage ?? '') ? Number(passage) : undefined;
    return { page, document: id || undefined, passage: number };
  }
  if (page === 'operate') return { page };
  return { page: 'ask', conversation: page === 'c' ? id : undefined };
}

export function toHash(to: Route): string {
  if (to.page === 'operate') return '#/operate';
  if (to.page === 'ask') return to.conversation === undefined ? '#/' : `#/c/${to.conversation}`;
  const parts = [to.document, to.passage].filter((part) => part !== undefined);
  return ['#/documents', ...parts.map((part) => encodeURIComponent(part))].join('/');
}

export function go(to: Route): void {
  location.hash = toHash(to);
}

/** The same without a step to go back to. */
export function replaceRoute(to: Route): void {
  history.replaceState(null, '', toHash(to));
  route.set(to);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
