import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DocumentReader, type DocumentReaderOptions } from '../../../shared/documents/index.ts';
import { passageText } from '../../../shared/model/prompt.ts';
import { loadTokenizer, type TokenizerFile } from '../../../shared/model/tokenizer.ts';
import { startTimeOf } from '../../../shared/process.ts';
import { fixture, utf8 } from '../../support/document-fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'blockrag-documents-'));
const tokenizerFile = join(folder, 'tokenizer.json');
const readers: DocumentReader[] = [];
/** For tests that leave its process alive: one is quicker than one each. */
let shared: DocumentReader;

/** A tokenizer without merges: every byte is a token. */
function byteTokenizer(): TokenizerFile {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let shifted = 256;
  const tokens = Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : shifted++),
  );
  return {
    pre: 'smollm',
    tokens,
    merges: [],
    special: [],
    bos: undefined,
    end: [],
    addBos: false,
    chatTemplate: undefined,
  };
}

/** A page whose content is megabytes of blanks. */
function bombPdf(megabytes: number): Uint8Array {
  const deflated = deflateSync(Buffer.alloc(megabytes << 20, ' '), { level: 1 });
  const stream = `<</Length ${deflated.length}/Filter/FlateDecode>>\nstream\n`;
  const page = '<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>';
  return Buffer.concat([
    utf8('%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n'),
    utf8(
      `2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n${page}\nendobj\n4 0 obj\n${stream}`,
    ),
    deflated,
    utf8('\nendstream\nendobj\ntrailer\n<</Size 5/Root 1 0 R>>\n%%EOF\n'),
  ]);
}

function open(options: Partial<DocumentReaderOptions> = {}): DocumentReader {
  const reader = new DocumentReader({ tokenizerFile, ...options });
  readers.push(reader);
  return reader;
}

/** A reader whose parser fails by the document's name, and what it makes of documents of some names. */
function openFailing(options: Partial<DocumentReaderOptions> = {}) {
  const worker = new URL('../../support/children/failing-reader.ts', import.meta.url);
  const reader = open({ worker, ...options });
  return (name: string) => reader.read(utf8('bytes'), { name });
}

/** Takes much longer to read than any limit of these tests. */
const endless = utf8('All work and no play makes a dull day. '.repeat(1_000_000));

beforeAll(() => {
  writeFileSync(tokenizerFile, JSON.stringify(byteTokenizer()));
  shared = new DocumentReader({ tokenizerFile });
});
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.dispose();
});
afterAll(async () => {
  await shared.dispose();
  rmSync(folder, { recursive: true });
});

describe('DocumentReader', () => {
  it('reads a file to passages with the tokens of the model', async () => {
    const { title, passages } = await shared.read(fixture('guide.pdf'), { name: 'guide.pdf' });
    const tokenizer = await loadTokenizer(tokenizerFile);
    expect(title).toBe('Guide to Widgets');
    expect(passages.map((passage) => [passage.title, passage.page])).toContainEqual([
      'Guide to Widgets > Use',
      2,
    ]);
    for (const { title, text, tokens } of passages) {
      expect(tokens).toEqual(tokenizer.encode(passageText(title, text)));
      expect(tokens.length).toBeLessThanOrEqual(256);
    }
  });

  it('reads documents one after another and leaves their bytes alone', async () => {
    const bytes = utf8('Some text.');
    const results = await Promise.all(['a.txt', 'b.md', 'c.txt'].map((name) => shared.read(bytes, { name })));
    expect(results.map(({ title }) => title)).toEqual(['a', 'b', 'c']);
    expect(bytes.length).toBe(10);
  });

  it('reads documents of other tenants beside one that takes long, and no second one of its tenant', async () => {
    const reader = open({ worker: new URL('../../support/children/failing-reader.ts', import.meta.url) });
    const hang = new AbortController();
    const read = (name: string, tenant: string, signal?: AbortSignal) =>
      reader.read(utf8('bytes'), { name }, signal, undefined, tenant);
    const order: string[] = [];
    const slow = read('hang.pdf', 'slow', hang.signal).catch(({ code }) => order.push(code));
    const second = read('second.pdf', 'slow').then(() => order.push('second'));
    await read('one.pdf', 'other');
    await read('two.pdf', 'another');
    order.push('others');
    hang.abort();
    await Promise.all([slow, second]);
    expect(order).toEqual(['others', 'cancelled', 'second']);
  });

  it('keeps passages of the same text', async () => {
    const text = [1, 2, 3]
      .map((n) => `# Part ${n}\n\n${'The very same words again. '.repeat(6)}`)
      .join('\n\n');
    const { passages } = await shared.read(utf8(text), { name: 'a.md' });
    expect(passages).toHaveLength(3);
    expect(new Set(passages.map((passage) => passage.text)).size).toBe(1);
  });

  it('goes on after a document that is refused', async () => {
    await expect(shared.read(new Uint8Array(), { name: 'a.txt' })).rejects.toMatchObject({
      code: 'document_empty',
    });
    await expect(shared.read(utf8('Fine.'), { name: 'b.txt' })).resolves.toMatchObject({ title: 'b' });
  });

  it('refuses a document that is too large before it is read', async () => {
    await expect(open({ maxBytes: 9 }).read(utf8('ten bytes.'), { name: 'a.txt' })).rejects.toMatchObject({
      code: 'document_too_large',
      data: { bytes: 10, maxBytes: 9 },
    });
  });

  it('gives up a document that takes too long, and reads the next one', async () => {
    const reader = open({ timeoutMs: 2000 });
    const slow = reader.read(endless, { name: 'slow.txt' });
    const next = reader.read(utf8('Fine.'), { name: 'next.txt' });
    await expect(slow).rejects.toMatchObject({ code: 'document_timeout' });
    await expect(next).resolves.toMatchObject({ title: 'next' });
  });

  it('gives up a document that needs too much memory, and reads the next one', async () => {
    const reader = open({ memoryMb: 64 });
    await expect(reader.read(endless, { name: 'big.txt' })).rejects.toMatchObject({
      code: 'document_too_complex',
    });
    await expect(reader.read(utf8('Fine.'), { name: 'next.txt' })).resolves.toMatchObject({ title: 'next' });
  });

  it('gives up a PDF that expands outside of the heap', async () => {
    await expect(open({ memoryMb: 96 }).read(bombPdf(400), { name: 'bomb.pdf' })).rejects.toMatchObject({
      code: 'document_too_complex',
    });
  });

  it('stops at an abort, under way or waiting', async () => {
    const reader = open();
    const controller = new AbortController();
    const underWay = reader.read(endless, { name: 'slow.txt' }, controller.signal);
    const waiting = reader.read(utf8('Fine.'), { name: 'next.txt' }, controller.signal);
    setTimeout(() => controller.abort(), 200);
    const cancelled = { status: 'rejected', reason: { code: 'cancelled' } };
    expect(await Promise.allSettled([underWay, waiting])).toMatchObject([cancelled, cancelled]);
  });

  it('reads nothing more once it is closed', async () => {
    const reader = open();
    const underWay = reader.read(endless, { name: 'slow.txt' });
    const refused = expect(underWay).rejects.toMatchObject({ code: 'shutting_down' });
    await reader.dispose();
    await refused;
    await expect(reader.read(utf8('Fine.'), { name: 'a.txt' })).rejects.toMatchObject({
      code: 'shutting_down',
    });
  });
});

describe('the process that reads documents', () => {
  it.each(['SIGSEGV', 'SIGABRT', 'SIGKILL'])(
    'may die of %s: that document fails, the next ones are read by another one',
    async (signal) => {
      const read = openFailing();
      const [crashed, ...others] = await Promise.allSettled(
        [`kill-${signal}.pdf`, 'a.pdf', 'b.pdf'].map(read),
      );
      expect(crashed).toMatchObject({
        reason: { code: 'document_parser_crashed', data: { how: signal }, status: 422 },
      });
      const pids = others.map((other) => (other as PromiseFulfilledResult<{ title: string }>).value.title);
      expect(pids[0]).toMatch(/^\d+$/);
      expect(pids[1]).toBe(pids[0]);
    },
  );

  it('gets a second try with a document when it has read others before', async () => {
    const read = openFailing();
    const { title } = await read('a.pdf');
    await expect(read('kill-SIGSEGV.pdf')).rejects.toMatchObject({ code: 'document_parser_crashed' });
    expect((await read('b.pdf')).title).not.toBe(title);
  });

  it('is ended when it hangs', async () => {
    const read = openFailing({ timeoutMs: 500 });
    const results = await Promise.allSettled(['hang.pdf', 'a.pdf'].map(read));
    expect(results).toMatchObject([{ reason: { code: 'document_timeout' } }, { status: 'fulfilled' }]);
  });

  it('is ended when it takes memory outside of the heap', async () => {
    const read = openFailing({ memoryMb: 64 });
    await expect(read('eat.pdf')).rejects.toMatchObject({ code: 'document_too_complex' });
  });

  it('is our fault, not the document’s, when it ends before it turns to the document', async () => {
    await expect(openFailing()('early.pdf')).rejects.toMatchObject({ code: 'worker_died' });
  });

  it('knows no secrets, and may print', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('BLOCKRAG_API_KEY', 'secret');
    const read = openFailing();
    const { title } = await read('variables.pdf');
    expect(title).toContain('PATH');
    expect(title).not.toMatch(/SECRET|API_KEY/);
    await expect(read('print.pdf')).resolves.toBeDefined();
  });

  it('ends with its parent, even when it hangs', async () => {
    const worker = new URL('../../support/children/failing-reader.ts', import.meta.url);
    const module = new URL('../../../shared/documents/index.ts', import.meta.url);
    const code = `
      const { DocumentReader } = await import(${JSON.stringify(module.href)});
      const reader = new DocumentReader({ tokenizerFile: '', worker: new URL(${JSON.stringify(worker.href)}) });
      const { title } = await reader.read(new Uint8Array(1), { name: 'a.pdf' });
      void reader.read(new Uint8Array(1), { name: 'hang.pdf' });
      setTimeout(() => { process.stdout.write(title + '\\n'); }, 300);`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    expect(startTimeOf(pid) !== undefined).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(startTimeOf(pid) !== undefined).toBe(false), { timeout: 5000 });
  });

  it('does not keep a program from ending', async () => {
    const module = new URL('../../../shared/documents/index.ts', import.meta.url);
    const code = `
      const { DocumentReader } = await import(${JSON.stringify(module.href)});
      const reader = new DocumentReader({ tokenizerFile: ${JSON.stringify(tokenizerFile)} });
      await reader.read(Buffer.from('Some text.'), { name: 'a.txt' });`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
    expect(await new Promise((resolve) => parent.once('exit', resolve))).toBe(0);
  });
});
