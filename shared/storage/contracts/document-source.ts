/** What every driver of the DocumentSource port does. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentSource, RowData } from '../ports.ts';
import { assertFields, type ContractCase, casesOn } from './case.ts';

/** A source without objects that reads at most 1,000 bytes of one. */
export interface OpenedDocumentSource {
  source: DocumentSource;
  /** Puts an object as a user does, past the driver. */
  put(name: string, body: string, mediaType?: string): Promise<unknown>;
  /** Removes an object as a user does. */
  remove(name: string): Promise<unknown>;
  /** Removes what the source was made of, after it was closed. */
  close?: () => Promise<void>;
}

/**
 * The contract of a DocumentSource. Each case opens a source of its own and closes it.
 *
 * @example
 * for (const { name, run } of documentSourceContract(open)) test(name, run);
 */
export function documentSourceContract(open: () => Promise<OpenedDocumentSource>): ContractCase[] {
  return casesOn(open, closed, CASES);
}

async function closed({ source, close }: OpenedDocumentSource): Promise<void> {
  await source.close();
  await close?.();
}

const NAME = 'documents/acme/default/näme 1.md';
const MAX_BYTES = 1000;

async function textOf(source: DocumentSource): Promise<string> {
  return Buffer.from((await source.read(NAME))?.bytes ?? []).toString();
}

/** Uploads to a URL that was made for a text of that type, length, hash and metadata. */
async function takesWhatWasAnnounced(
  { source }: OpenedDocumentSource,
  metadata: RowData | undefined,
): Promise<void> {
  const body = 'The text.';
  const sha256 = createHash('sha256').update(body).digest('hex');
  const announced = { mediaType: 'text/markdown', bytes: body.length, sha256, metadata };
  const { url, headers } = await source.uploadUrl(NAME, { ...announced, seconds: 60 });
  assert.equal((await fetch(url, { method: 'PUT', headers, body: 'The TEXT.' })).ok, false);
  assert.equal(await source.etag(NAME), undefined);
  assert.equal((await fetch(url, { method: 'PUT', headers, body })).status, 200);
  const object = await source.read(NAME);
  assertFields(object, { size: body.length, mediaType: 'text/markdown', metadata });
}

const CASES: Record<string, (opened: OpenedDocumentSource) => Promise<void>> = {
  'reads an object with its type, and an etag that is another one with other bytes': async ({
    source,
    put,
  }) => {
    await put(NAME, 'first', 'text/markdown');
    const first = (await source.read(NAME))!;
    assertFields(first, { size: 5, mediaType: 'text/markdown', metadata: undefined });
    assert.equal(Buffer.from(first.bytes!).toString(), 'first');
    assert.equal(await source.etag(NAME), first.etag);
    await put(NAME, 'second');
    assert.notEqual(await source.etag(NAME), first.etag);
    assert.equal(await textOf(source), 'second');
  },

  'an object that is not there, or no more, is undefined': async ({ source, put, remove }) => {
    assert.equal(await source.read(NAME), undefined);
    assert.equal(await source.etag(NAME), undefined);
    await put(NAME, 'x');
    await remove(NAME);
    assert.equal(await source.read(NAME), undefined);
  },

  'a URL for an upload is used once, whether there was an object or not': async ({ source, put }) => {
    for (const before of [undefined, 'before']) {
      if (before !== undefined) await put(NAME, before);
      const body = `after ${before}`;
      const announced = { mediaType: undefined, bytes: body.length, sha256: undefined, metadata: undefined };
      const { url, headers } = await source.uploadUrl(NAME, { ...announced, seconds: 60 });
      const send = (text: string, more = {}) =>
        fetch(url, { method: 'PUT', headers: { ...headers, ...more }, body: text });
      assert.equal((await send(body, { 'content-type': 'text/html' })).ok, false);
      assert.equal((await send(body)).status, 200);
      assert.equal((await send(body.toUpperCase())).ok, false);
      assert.equal(await textOf(source), body);
    }
  },

  'deletes an object, and minds none that is not there': async ({ source, put }) => {
    await put(NAME, 'x');
    await source.delete(NAME);
    await source.delete(NAME);
    assert.equal(await source.etag(NAME), undefined);
  },

  'an empty object has no bytes; one that is too large is not read, and the next request is answered':
    async ({ source, put }) => {
      await put(NAME, '');
      const empty = await source.read(NAME);
      assertFields(empty, { size: 0 });
      assert.equal(empty?.bytes?.length, 0);
      await put(NAME, 'x'.repeat(MAX_BYTES));
      assert.equal((await source.read(NAME))?.bytes?.length, MAX_BYTES);
      await put(NAME, 'x'.repeat(MAX_BYTES + 1));
      for (let i = 0; i < 40; i++) {
        assertFields(await source.read(NAME), { size: MAX_BYTES + 1, bytes: undefined });
      }
    },

  'gives a URL that takes what was announced, with metadata': (opened) =>
    takesWhatWasAnnounced(opened, { author: 'Zoë "Z" 日本', year: 1871, draft: false }),

  'gives a URL that takes what was announced, without': (opened) => takesWhatWasAnnounced(opened, undefined),

  'gives a URL that takes any bytes where no size was announced, until it expires': async ({ source }) => {
    const open = { mediaType: undefined, bytes: undefined, sha256: undefined, metadata: undefined };
    const { url, headers } = await source.uploadUrl(NAME, { ...open, seconds: 60 });
    assert.equal((await fetch(url, { method: 'PUT', headers, body: 'anything' })).status, 200);
    assert.equal(await textOf(source), 'anything');
    const expired = await source.uploadUrl(NAME, { ...open, seconds: 1 });
    await sleep(2100);
    const late = await fetch(expired.url, { method: 'PUT', headers: expired.headers, body: 'late' });
    assert.equal(late.status, 403);
    assert.equal(await textOf(source), 'anything');
  },
};
