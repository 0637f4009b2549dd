import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DocumentReader, type DocumentReaderOptions } from '../../../shared/documents/index.ts';
import { passageText } from '../../../shared/model/prompt.ts';
import { loadTokenizer, type TokenizerFile } from '../../../shared/model/tokenizer.ts';
import { fixture, utf8 } from '../../support/document-fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'blockrag-documents-'));
const tokenizerFile = join(folder, 'tokenizer.json');
const readers: DocumentReader[] = [];

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

/** Takes much longer to read than any limit of these tests. */
const endless = utf8('All work and no play makes a dull day. '.repeat(1_000_000));

beforeAll(() => writeFileSync(tokenizerFile, JSON.stringify(byteTokenizer())));
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.dispose();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('DocumentReader', () => {
  it('reads a file to passages with the tokens of the model', async () => {
    const { title, passages } = await open().read(fixture('guide.pdf'), { name: 'guide.pdf' });
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
    const reader = open();
    const bytes = utf8('Some text.');
    const results = await Promise.all(['a.txt', 'b.md', 'c.txt'].map((name) => reader.read(bytes, { name })));
    expect(results.map(({ title }) => title)).toEqual(['a', 'b', 'c']);
    expect(bytes.length).toBe(10);
  });

  it('keeps passages of the same text', async () => {
    const text = [1, 2, 3]
      .map((n) => `# Part ${n}\n\n${'The very same words again. '.repeat(6)}`)
      .join('\n\n');
    const { passages } = await open().read(utf8(text), { name: 'a.md' });
    expect(passages).toHaveLength(3);
    expect(new Set(passages.map((passage) => passage.text)).size).toBe(1);
  });

  it('goes on after a document that is refused', async () => {
    const reader = open();
    await expect(reader.read(new Uint8Array(), { name: 'a.txt' })).rejects.toMatchObject({
      code: 'document_empty',
    });
    await expect(reader.read(utf8('Fine.'), { name: 'b.txt' })).resolves.toMatchObject({ title: 'b' });
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
    await expect(underWay).rejects.toMatchObject({ code: 'cancelled' });
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
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
