import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { fetchHuggingFaceFile } from '../../../../shared/model/sources/huggingface.ts';
import { parseHuggingFaceReference } from '../../../../shared/model/sources/huggingface-reference.ts';
import { fetchModelFile, type Progress } from '../../../../shared/model/sources/index.ts';
import { testFetch } from '../../../support/settings.ts';
import { serve, serveFile } from '../../../support/sources/server.ts';
import { fetchInProcess, sha256, useWorkspace } from '../../../support/sources/workspace.ts';

const workspace = useWorkspace();
const content = randomBytes(300_000);
const hash = sha256(content);
const reference = 'hf:owner/repo/Model-Q4.gguf';

const fetchFrom = (
  url: string,
  text = reference,
  options: { onProgress?: (progress: Progress) => void } = {},
) => {
  vi.stubEnv('HF_ENDPOINT', url);
  return fetchHuggingFaceFile(parseHuggingFaceReference(text), { ...testFetch(), retryMs: 1, ...options });
};

/** The endpoint: its first answer stalls after 100,000 bytes, later ones are whole. */
async function serveStalledThenWhole() {
  const good = serveFile(content, { etag: '"v1"' });
  const server = await serve((request, response) => {
    if (server.requests.length > 1) return good(request, response);
    response.writeHead(200, { etag: '"v1"', 'content-length': content.length });
    response.write(content.subarray(0, 100_000));
  });
  vi.stubEnv('HF_ENDPOINT', server.url);
  return server;
}

describe('a file of a Hugging Face repository', () => {
  test('comes from the CDN that the hub redirects to, which never sees the token', async () => {
    const cdn = await serve(serveFile(content, { etag: '"cdn"' }));
    const hub = await serve((request, response) => {
      if (request.url === '/owner/repo/resolve/v1/Model-Q4.gguf') {
        response.writeHead(307, { location: '/renamed' }).end();
      } else {
        response.writeHead(302, { location: `${cdn.url}/blob`, 'x-linked-etag': `"${hash}"` }).end();
      }
    });
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    const found = await fetchFrom(hub.url, `${reference}@v1`, { onProgress });
    expect(found).toMatchObject({ sha256: hash, name: 'Model-Q4', verified: true });
    expect(sha256(await readFile(found.file))).toBe(hash);
    expect(hub.requests.map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill('Bearer hf_secret'),
    );
    expect(cdn.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(seen).toContainEqual({ phase: 'download', done: content.length, total: content.length });
    expect(seen).toContainEqual({ phase: 'check', done: content.length, total: content.length });
  });

  test('that has been downloaded needs no server, with or without its hash', async () => {
    const server = await serve(serveFile(content, { headers: { 'x-linked-etag': hash } }));
    const first = await fetchFrom(server.url);
    await server.close();
    expect(await fetchFrom(server.url)).toEqual(first);
    expect(await fetchFrom(server.url, `${reference}#sha256=${hash}`)).toEqual(first);
    expect(await workspace.cached()).toEqual([
      `models/${hash}/Model-Q4.gguf`,
      expect.stringMatching(/^references\//),
    ]);
  });

  test('is downloaded again where the one in the cache was cut', async () => {
    const server = await serve(serveFile(content));
    const { file } = await fetchFrom(server.url);
    await truncate(file, 1000);
    expect(await fetchFrom(server.url)).toMatchObject({ file, sha256: hash });
    expect(sha256(await readFile(file))).toBe(hash);
  });

  test('is accepted without a published hash, and said to be unverified', async () => {
    const server = await serve(serveFile(content, { etag: '"5d41402abc4b2a76b9719d911017c592"' }));
    expect(await fetchFrom(server.url)).toMatchObject({ sha256: hash, verified: false });
    expect(await fetchFrom(server.url)).toMatchObject({ sha256: hash, verified: false });
  });

  test('is checked against an ETag of 64 hex digits from the hub, not from another origin', async () => {
    const hub = await serve(serveFile(content, { etag: `"${hash}"` }));
    expect(await fetchFrom(hub.url)).toMatchObject({ verified: true });
    const cdn = await serve(serveFile(content, { etag: `"${'0'.repeat(64)}"` }));
    const redirecting = await serve((_, response) => response.writeHead(302, { location: cdn.url }).end());
    expect(await fetchFrom(redirecting.url)).toMatchObject({ verified: false });
  });

  test('with a wrong hash is refused and nothing of it is kept', async () => {
    const wrong = '0'.repeat(64);
    const plain = await serve(serveFile(content));
    const refusal = { code: 'model_checksum_mismatch' };
    await expect(fetchFrom(plain.url, `${reference}#sha256=${wrong}`)).rejects.toMatchObject(refusal);
    const lying = await serve(serveFile(content, { headers: { 'x-linked-etag': `"${wrong}"` } }));
    await expect(fetchFrom(lying.url)).rejects.toMatchObject(refusal);
    await expect(fetchFrom(lying.url, `${reference}#sha256=${hash}`)).rejects.toMatchObject(refusal);
    expect(await workspace.cached()).toEqual([]);
  });

  test.each([
    [404, 'model_unknown', /check the repository/],
    [401, 'model_download_failed', /HF_TOKEN/],
    [403, 'model_download_failed', /HF_TOKEN/],
    [418, 'model_download_failed', /answered 418/],
  ])('answered with %i is %s, at once', async (status, code, message) => {
    const server = await serve((_, response) => response.writeHead(status).end('no'));
    await expect(fetchFrom(server.url)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(server.requests).toHaveLength(1);
    expect(await workspace.cached()).toEqual([]);
  });

  test('is asked for again after a 500 or a 429', async () => {
    const statuses = [500, 429];
    const server = await serve((request, response) => {
      const status = statuses.shift();
      if (status !== undefined) response.writeHead(status).end();
      else serveFile(content)(request, response);
    });
    expect(await fetchFrom(server.url)).toMatchObject({ sha256: hash });
    expect(server.requests).toHaveLength(3);
  });

  test('is given up after four answers of 503', async () => {
    const server = await serve((_, response) => response.writeHead(503).end());
    await expect(fetchFrom(server.url)).rejects.toMatchObject({ code: 'model_download_failed' });
    expect(server.requests).toHaveLength(4);
  });

  test('without a server is model_download_failed, with the reason', async () => {
    const server = await serve(() => {});
    await server.close();
    const failure = { code: 'model_download_failed', message: expect.stringContaining('ECONNREFUSED') };
    await expect(fetchFrom(server.url)).rejects.toMatchObject(failure);
  });

  test('is not fetched through a redirect in circles or to something else than HTTP', async () => {
    for (const location of ['/again', 'file:///etc/passwd', 'http://[']) {
      const server = await serve((_, response) => response.writeHead(302, { location }).end());
      await expect(fetchFrom(server.url)).rejects.toMatchObject({ code: 'model_download_failed' });
    }
  });

  test('in a cache that cannot be written is storage_failed', async () => {
    const server = await serve(serveFile(content));
    await writeFile(`${workspace.folder}/cache`, 'a file');
    await expect(fetchFrom(server.url)).rejects.toMatchObject({ code: 'storage_failed' });
  });

  test('fetched by two processes at once is whole for both', async () => {
    const server = await serve(serveFile(content, { headers: { 'x-linked-etag': hash } }));
    vi.stubEnv('HF_ENDPOINT', server.url);
    const both = [fetchInProcess(reference), fetchInProcess(reference)];
    const [one, other] = await Promise.all(both.map(({ ended }) => ended));
    expect(JSON.parse(one!)).toMatchObject({ sha256: hash, verified: true });
    expect(other).toBe(one);
    expect(sha256(await readFile(JSON.parse(one!).file))).toBe(hash);
    expect(await workspace.cached()).toHaveLength(2);
  });

  test('is resumed by the next run after its process was killed', async () => {
    const server = await serveStalledThenWhole();
    const { child, ended } = fetchInProcess(reference);
    await vi.waitFor(
      async () => {
        const body = (await workspace.cached()).find((path) => path.endsWith('body'));
        expect((await readFile(`${workspace.folder}/cache/${body}`)).length).toBe(100_000);
      },
      { timeout: 30_000, interval: 20 },
    );
    child.kill('SIGKILL');
    await ended;
    expect(await fetchModelFile(reference, testFetch())).toMatchObject({ sha256: hash });
    expect(server.requests.at(-1)!.headers).toMatchObject({ range: 'bytes=100000-', 'if-range': '"v1"' });
    expect(await workspace.cached()).toHaveLength(2);
  });

  test('is left where it was cancelled, and resumed from there', async () => {
    const server = await serveStalledThenWhole();
    const controller = new AbortController();
    const fetching = fetchModelFile(reference, { ...testFetch(), signal: controller.signal });
    fetching.catch(() => {});
    await vi.waitFor(async () => {
      const body = (await workspace.cached()).find((path) => path.endsWith('body'));
      expect((await readFile(`${workspace.folder}/cache/${body}`)).length).toBe(100_000);
    });
    const [socket] = server.requests.map((request) => request.socket);
    const closed = once(socket!, 'close');
    controller.abort();
    await expect(fetching).rejects.toMatchObject({ code: 'cancelled' });
    await closed;
    expect(await fetchModelFile(reference, testFetch())).toMatchObject({ sha256: hash });
    expect(server.requests.at(-1)!.headers).toMatchObject({ range: 'bytes=100000-', 'if-range': '"v1"' });
  });
});
