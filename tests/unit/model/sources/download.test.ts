import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { fetchHuggingFaceFile } from '../../../../shared/model/sources/huggingface.ts';
import { parseHuggingFaceReference } from '../../../../shared/model/sources/huggingface-reference.ts';
import { testFetch } from '../../../support/settings.ts';
import { serve, serveFile } from '../../../support/sources/server.ts';
import { sha256, useWorkspace } from '../../../support/sources/workspace.ts';

const workspace = useWorkspace();
const content = randomBytes(200_000);
const hash = sha256(content);

const fetchFrom = (url: string, text = 'hf:owner/repo/model.gguf') => {
  vi.stubEnv('HF_ENDPOINT', url);
  return fetchHuggingFaceFile(parseHuggingFaceReference(text), { ...testFetch(), retryMs: 1 });
};

describe('an interrupted body', () => {
  test('is continued by range, under the condition that the file is the same', async () => {
    const server = await serve((request, response) => {
      const cut = server.requests.length === 1 ? { cut: 70_000 } : {};
      serveFile(content, { etag: '"v1"', ...cut })(request, response);
    });
    const { file, sha256: got } = await fetchFrom(server.url);
    expect(got).toBe(hash);
    expect(sha256(await readFile(file))).toBe(hash);
    const [first, second] = server.requests;
    expect(first!.headers.range).toBeUndefined();
    expect(second!.headers).toMatchObject({ range: 'bytes=70000-', 'if-range': '"v1"' });
  });

  test('is continued without an ETag where the hash is known, to be checked at the end', async () => {
    const server = await serve((request, response) =>
      serveFile(content, server.requests.length === 1 ? { cut: 70_000 } : {})(request, response),
    );
    expect(await fetchFrom(server.url, `hf:owner/repo/model.gguf#sha256=${hash}`)).toMatchObject({
      sha256: hash,
    });
    expect(server.requests[1]!.headers.range).toBe('bytes=70000-');
  });

  test('is started anew where nothing tells whether the file is the same', async () => {
    for (const etag of [undefined, 'W/"weak"']) {
      const server = await serve((request, response) => {
        const cut = server.requests.length === 1 ? { cut: 70_000 } : {};
        serveFile(content, { ...(etag === undefined ? {} : { etag }), ...cut })(request, response);
      });
      expect(await fetchFrom(server.url)).toMatchObject({ sha256: hash });
      expect(server.requests[1]!.headers.range).toBeUndefined();
    }
  });

  test('is started anew by a server that ignores ranges', async () => {
    const server = await serve((request, response) => {
      delete request.headers.range;
      const cut = server.requests.length === 1 ? { cut: 70_000 } : {};
      serveFile(content, { etag: '"v1"', ...cut })(request, response);
    });
    expect(await fetchFrom(server.url)).toMatchObject({ sha256: hash });
    expect(server.requests).toHaveLength(2);
  });

  test.each(['honours If-Range', 'ignores If-Range'])(
    'of a file that changes meanwhile is never mixed with the new one: the server %s',
    async (kind) => {
      const changed = randomBytes(210_000);
      const server = await serve((request, response) => {
        if (server.requests.length === 1)
          return serveFile(content, { etag: '"v1"', cut: 70_000 })(request, response);
        if (kind === 'ignores If-Range') delete request.headers['if-range'];
        serveFile(changed, { etag: '"v2"' })(request, response);
      });
      expect(await fetchFrom(server.url)).toMatchObject({ sha256: sha256(changed) });
    },
  );

  test('that turns out to be complete already is taken as it is', async () => {
    const server = await serve((request, response) => {
      if (server.requests.length > 1) return serveFile(content, { etag: '"v1"' })(request, response);
      response.writeHead(200, { etag: '"v1"', 'content-length': content.length + 1 });
      response.write(content, () => setTimeout(() => response.destroy(), 5));
    });
    expect(await fetchFrom(server.url)).toMatchObject({ sha256: hash });
    expect(server.requests).toHaveLength(2);
  });

  test('longer than the file is now is started anew', async () => {
    const short = content.subarray(0, 1000);
    const server = await serve((request, response) => {
      if (server.requests.length === 1)
        return serveFile(content, { etag: '"v1"', cut: 70_000 })(request, response);
      serveFile(short, { etag: '"v1"' })(request, response);
    });
    expect(await fetchFrom(server.url)).toMatchObject({ sha256: sha256(short) });
  });

  test('cut at any three places still ends as the whole file', async () => {
    let run = 0;
    const cuts = fc.array(fc.nat(content.length - 1), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.boolean(), async (places, ranges) => {
        const left = [...places];
        const server = await serve((request, response) => {
          if (!ranges) delete request.headers.range;
          const cut = left.shift();
          serveFile(content, { etag: '"v1"', ...(cut === undefined ? {} : { cut }) })(request, response);
        });
        const { file } = await fetchFrom(server.url, `hf:owner/repo/run-${run++}.gguf`);
        expect(sha256(await readFile(file))).toBe(hash);
        await server.close();
      }),
      { numRuns: 15 },
    );
  });

  test('of a large file may break any number of times, as long as each attempt gets further', async () => {
    const large = Buffer.alloc(30 << 20, 'large');
    const server = await serve(serveFile(large, { etag: '"v1"', cut: 5 << 20 }));
    const { sha256: got } = await fetchFrom(server.url);
    expect(got).toBe(sha256(large));
    expect(server.requests.length).toBeGreaterThan(4);
  });

  test('is given up after four attempts that get no further', async () => {
    const server = await serve(serveFile(content, { etag: '"v1"', cut: 0 }));
    await expect(fetchFrom(server.url)).rejects.toMatchObject({ code: 'model_download_failed' });
    expect(server.requests).toHaveLength(4);
  });

  test('on a full disk is storage_full', { skip: !existsSync('/dev/full') }, async () => {
    const server = await serve(serveFile(content));
    const url = `${server.url}/owner/repo/resolve/main/model.gguf`;
    const left = join(workspace.folder, 'cache/partial', sha256(url));
    await mkdir(left, { recursive: true });
    await symlink('/dev/full', join(left, 'body'));
    await expect(fetchFrom(server.url)).rejects.toMatchObject({ code: 'storage_full' });
  });
});
