import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from '../../infra/console/build.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const MAX_GZIPPED = 80_000;
let server: Server;
beforeAll(async () => {
  server = await startServer(temporaryDirectory());
});
afterAll(() => server?.stop('SIGKILL'));

describe('what the Console is served as', () => {
  it('is a page that loads nothing inline and nothing from elsewhere, and files that never change', async () => {
    const page = await server.fetch('/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    const html = await page.text();
    const names = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name!);
    expect(names).toHaveLength(3);
    expect(html).not.toMatch(/<script>|<style|style=| on\w+=/);
    for (const name of names) {
      expect(name).toMatch(/^console\/\w+-[A-Z0-9]{8}\.(js|css|svg)$/);
      const file = await server.fetch(`/${name}`);
      expect(file.status).toBe(200);
      expect(file.headers.get('cache-control')).toContain('immutable');
      expect(file.headers.get('x-content-type-options')).toBe('nosniff');
    }
    for (const path of [
      '/console/',
      '/console/../package.json',
      '/console/main.js',
      '/console/%2e%2e/index.html',
    ])
      expect((await server.fetch(path)).status).toBe(404);
  });

  it(`weighs at most ${MAX_GZIPPED} bytes gzipped without the viewer of PDF`, async () => {
    const files = [...(await buildConsole())].filter(([name]) => !/\/pdf[-.]/.test(name));
    const sum = files.reduce((total, [, bytes]) => total + gzipSync(bytes, { level: 9 }).length, 0);
    expect(files.length).toBeGreaterThan(3);
    expect(sum).toBeLessThan(MAX_GZIPPED);
  });
});

describe('what the Console needs of the API', () => {
  it('gives the original of a document, and nothing of one that failed', async () => {
    const { id } = await uploadText(server, 'notes/ferry.md', FERRY);
    const response = await server.fetch(`/v1/documents/${id}/content`);
    expect(response.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''ferry.md");
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(await response.text()).toBe(FERRY);
    const bad = await uploadText(server, 'bad.txt', 'a\0b');
    const none = await server.fetch(`/v1/documents/${bad.id}/content`);
    expect(none.status).toBe(404);
    expect(await none.json()).toMatchObject({ code: 'not_found' });
    const unknown = await server.fetch('/v1/documents/doc_0/content');
    expect(await unknown.json()).toMatchObject({ code: 'document_not_found' });
  });

  it('says who is asking', async () => {
    expect(await (await server.fetch('/v1/me')).json()).toEqual({
      tenant: 'default',
      scopes: ['read', 'write', 'admin'],
      key: null,
      operator: true,
    });
  });

  it('answers a follow-up question with the turns before it, which must take turns', async () => {
    await uploadText(server, 'lighthouse.md', LIGHTHOUSE);
    const earlier = [
      { role: 'user', content: 'Who built the lighthouse of Grimsay?' },
      { role: 'assistant', content: 'Morag Sinclair.' },
    ];
    const { citations } = await askServer(server, 'And when was it built?', { earlier });
    expect(citations[0]?.document).toBe('lighthouse.md');
    const refused = await server.post('/v1/query', { question: 'And then?', earlier: earlier.slice(1) });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ code: 'invalid_request', field: 'earlier' });
  });
});
