import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readZip, ZIP_LIMITS } from '../../../shared/documents/office/zip.ts';
import { parseDocument } from '../../../shared/documents/parse.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { fixture, utf8 } from '../../support/document-fixtures.ts';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const OLE = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const guide = fixture('guide.docx');

const CASES: [what: string, bytes: Uint8Array, name: string, code: ErrorCode][] = [
  ['an empty file', new Uint8Array(), 'a.pdf', 'document_empty'],
  ['a text of blanks', utf8(' \n\t\n'), 'a.txt', 'document_empty'],
  ['Markdown with front matter only', utf8('---\ntitle: x\n---\n'), 'a.md', 'document_empty'],
  ['a page without text', utf8('<html><script>x()</script></html>'), 'a.html', 'document_no_text'],
  ['a PDF without pages', fixture('no-pages.pdf'), 'a.pdf', 'document_corrupt'],
  ['a damaged PDF', fixture('guide.pdf').subarray(0, 60), 'a.pdf', 'document_corrupt'],
  ['a PDF in name only', utf8('hello'), 'a.pdf', 'document_corrupt'],
  ['an encrypted PDF', fixture('encrypted.pdf'), 'a.pdf', 'document_encrypted'],
  ['a scanned PDF', fixture('scan.pdf'), 'a.pdf', 'document_no_text'],
  ['a zip bomb', fixture('bomb.docx'), 'a.docx', 'document_too_complex'],
  ['a truncated .docx', guide.subarray(0, guide.length / 2), 'a.docx', 'document_corrupt'],
  ['a .docx that is no archive', utf8('hello'), 'a.docx', 'document_corrupt'],
  ['a .docx with a password', OLE, 'a.docx', 'document_encrypted'],
  ['an old Word file', OLE, 'a.doc', 'document_type_unknown'],
  ['a picture named .txt', PNG, 'a.txt', 'document_not_text'],
  ['an archive named .md', deflateRawSync(guide), 'a.md', 'document_not_text'],
  ['text with NUL bytes', utf8('a\0b'), 'a.txt', 'document_not_text'],
  ['UTF-16 cut in a character', Buffer.from('fffe3dd8', 'hex'), 'a.txt', 'document_not_text'],
  ['a picture', PNG, 'a.png', 'document_type_unknown'],
  ['Markdown nested too deeply', utf8(`${'> '.repeat(3000)}deep`), 'a.md', 'document_too_complex'],
];

describe('parseDocument', () => {
  it.each(CASES)('refuses %s', async (_what, bytes, name, code) => {
    await expect(parseDocument(bytes, { name })).rejects.toMatchObject({ name: 'BlockragError', code });
  });

  it('tells what to do about a scan', async () => {
    await expect(parseDocument(fixture('scan.pdf'), { name: 'scan.pdf' })).rejects.toThrow(/OCR/);
  });
});

describe('readZip', () => {
  const all = () => true;

  it('gives the entries that are wanted, by names in lower case', async () => {
    const found = await readZip(guide, 'guide.docx', (name) => name.startsWith('word/'));
    expect(found.get('word/document.xml')!.toString()).toContain('Guide to Widgets');
    expect(found.has('[content_types].xml')).toBe(false);
  });

  it.each([
    ['entries', { entries: 3 }],
    ['bytes', { bytes: 10_000 }],
  ])('limits the number of %s', async (_what, limit) => {
    await expect(readZip(guide, 'guide.docx', all, { ...ZIP_LIMITS, ...limit })).rejects.toMatchObject({
      code: 'document_too_complex',
    });
  });

  it('refuses an archive whose data is damaged inside', async () => {
    const damaged = Uint8Array.from(guide);
    damaged.fill(0xff, 200, 400);
    await expect(readZip(damaged, 'guide.docx', all)).rejects.toMatchObject({ code: 'document_corrupt' });
  });
});
