/** Files on their way to the server, a few at a time. */

import { toError } from '../../../shared/client/http.ts';
import type { DocumentView } from '../../../shared/client/index.ts';
import { BlockragError } from '../../../shared/errors.ts';
import type { Failure } from '../failure.ts';
import { BASE, failed, opened } from '../session.ts';
import { createStore } from '../store.ts';
import { putDocument } from './documents.ts';
import type { NamedFile } from './dropped.ts';

export interface Upload {
  id: number;
  /** What the document will be called. */
  name: string;
  file: File;
  collection: string;
  state: 'waiting' | 'sending' | 'refused';
  /** Bytes sent. */
  sent: number;
  failure: Failure | undefined;
}

/** Those that are not stored yet; one that was stored is a document, and leaves this list. */
export const uploads = createStore<readonly Upload[]>([]);

/** The server takes eight at once, from all. */
const AT_ONCE = 2;
const requests = new Map<number, XMLHttpRequest>();
let last = 0;

export function sendFiles(files: readonly NamedFile[], collection: string): void {
  const added = files.map(({ name, file }): Upload => {
    last += 1;
    return { id: last, name, file, collection, state: 'waiting', sent: 0, failure: undefined };
  });
  uploads.update((all) => [...all, ...added]);
  sendMore();
}

export function sendAgain(id: number): void {
  change(id, { state: 'waiting', sent: 0, failure: undefined });
  sendMore();
}

/** Takes an upload off the list; one under way ends. */
export function dismiss(id: number): void {
  uploads.update((all) => all.filter((one) => one.id !== id));
  requests.get(id)?.abort();
}

function change(id: number, facts: Partial<Upload>): void {
  uploads.update((all) => all.map((one) => (one.id === id ? { ...one, ...facts } : one)));
}

function sendMore(): void {
  const all = uploads.get();
  const free = AT_ONCE - all.filter(({ state }) => state === 'sending').length;
  for (const upload of all.filter(({ state }) => state === 'waiting').slice(0, Math.max(0, free))) {
    change(upload.id, { state: 'sending' });
    void send(upload);
  }
}

async function send(upload: Upload): Promise<void> {
  try {
    const document = await post(upload);
    dismiss(upload.id);
    putDocument(document);
  } catch (error) {
    change(upload.id, { state: 'refused', failure: failed(error) });
  } finally {
    requests.delete(upload.id);
    sendMore();
  }
}

/** Sends one file. Only XMLHttpRequest tells how much of a body has been sent. */
function post({ id, name, file, collection }: Upload): Promise<DocumentView> {
  const form = new FormData();
  form.set('file', file);
  form.set('name', name);
  form.set('collection', collection);
  const request = new XMLHttpRequest();
  requests.set(id, request);
  return new Promise((resolve, reject) => {
    const refuse = (code: 'server_unreachable' | 'cancelled', message: string) =>
      reject(new BlockragError(code, message));
    request.open('POST', new URL('v1/documents', BASE));
    const { apiKey } = opened();
    if (apiKey !== undefined) request.setRequestHeader('authorization', `Bearer ${apiKey}`);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded }) => change(id, { sent: Math.min(loaded, file.size) });
    request.onload = () => {
      const { status, response } = request;
      if (status === 200 || status === 202) resolve(response as DocumentView);
      else reject(toError(response));
    };
    request.onerror = () => refuse('server_unreachable', `The connection was lost while ${name} was sent.`);
    request.onabort = () => refuse('cancelled', `${name} was not sent.`);
    request.send(form);
  });
}
