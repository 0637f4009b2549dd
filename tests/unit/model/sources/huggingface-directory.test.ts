import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { openOriginal } from '../../../../shared/model/open-original.ts';
import { removeModel } from '../../../../shared/model/sources/cached.ts';
import { fetchModelFile } from '../../../../shared/model/sources/index.ts';
import { tinyDirectory } from '../../../support/fixtures.ts';
import { testFetch } from '../../../support/settings.ts';
import { serve, serveFile } from '../../../support/sources/server.ts';
import { sha256, useWorkspace } from '../../../support/sources/workspace.ts';

const workspace = useWorkspace();
const cache = () => join(workspace.folder, 'cache');
const COMMIT = 'c0ffee'.padEnd(40, '0');
const directory = tinyDirectory('llama');

/** A hub with the tiny llama under owner/Tiny. @param broken the first request for this file breaks off */
async function serveHub(broken?: string) {
  let whole = false;
  const server = await serve((request, response) => {
    const url = request.url!;
    if (url === '/api/models/owner/Tiny/revision/v1')
      return void response.end(JSON.stringify({ sha: COMMIT }));
    const name = url.startsWith(`/owner/Tiny/resolve/${COMMIT}/`) ? url.split('/').at(-1)! : '';
    if (!readdirSync(directory).includes(name)) return void response.writeHead(404).end();
    const content = readFileSync(join(directory, name));
    const etag = `"${sha256(content)}"`;
    if (name === broken && !whole) {
      whole = true;
      return void response.writeHead(403).end();
    }
    serveFile(content, { etag })(request, response);
  });
  vi.stubEnv('HF_ENDPOINT', server.url);
  return server;
}

const fetchTiny = () => fetchModelFile('hf:owner/Tiny@v1', { ...testFetch() });

describe("a repository's model", () => {
  test('is fetched with all its shards, of the commit that the revision is', async () => {
    const server = await serveHub();
    const { file, name, sha256: hash, verified } = await fetchTiny();
    expect({ name, verified }).toEqual({ name: 'Tiny', verified: true });
    expect(readdirSync(file).sort()).toEqual(readdirSync(directory).sort());
    for (const part of readdirSync(file)) {
      expect(sha256(readFileSync(join(file, part)))).toBe(sha256(readFileSync(join(directory, part))));
    }
    const original = await openOriginal(file);
    expect(original.architecture).toMatchObject({ family: 'llama', layers: 3 });
    await original.close();
    // Each file lies in the cache once.
    expect(readdirSync(join(cache(), 'models'))).toEqual([hash]);
    await server.close();
    expect(await fetchTiny()).toMatchObject({ file, sha256: hash });
  });

  test('is the model that the same files are in a directory of this machine', async () => {
    await serveHub();
    const fetched = await fetchTiny();
    const local = await fetchModelFile(directory, { ...testFetch() });
    expect(local).toMatchObject({ file: directory, sha256: fetched.sha256, name: 'llama' });
  });

  test('goes on with the files that are missing after it failed', async () => {
    const server = await serveHub('model-00002-of-00003.safetensors');
    await expect(fetchTiny()).rejects.toMatchObject({ code: 'model_download_failed' });
    const before = server.requests.length;
    await expect(fetchTiny()).resolves.toMatchObject({ name: 'Tiny' });
    const asked = server.requests.slice(before).map(({ url }) => url!.split('/').at(-1));
    expect(asked).toContain('model-00002-of-00003.safetensors');
    expect(asked).not.toContain('model-00001-of-00003.safetensors');
  });

  test('is removed with all its files', async () => {
    await serveHub();
    const { file } = await fetchTiny();
    const { removed } = await removeModel('Tiny', cache());
    expect(removed).toEqual([join(file, '..')]);
    expect(readdirSync(join(cache(), 'models'))).toEqual([]);
  });

  test('that is none is named', async () => {
    await serveHub();
    const fetching = fetchModelFile('hf:owner/Other', { ...testFetch() });
    await expect(fetching).rejects.toMatchObject({ code: 'model_unknown' });
    await expect(fetchModelFile('hf:owner/..', { ...testFetch() })).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });
});

describe("a directory's hash", () => {
  test('changes with any of its files, and not with others beside them', async () => {
    const copy = join(workspace.folder, 'copy');
    cpSync(directory, copy, { recursive: true });
    const hashNow = async () => (await fetchModelFile(copy, { ...testFetch() })).sha256;
    const first = await hashNow();
    writeFileSync(join(copy, 'README.md'), 'about it');
    expect(await hashNow()).toBe(first);
    rmSync(join(copy, 'chat_template.jinja'));
    expect(await hashNow()).not.toBe(first);
    rmSync(join(copy, 'model-00001-of-00003.safetensors'));
    await expect(hashNow()).rejects.toMatchObject({ code: 'model_corrupt' });
  });
});
