import { describe, expect, it } from 'vitest';
import { parseEpub } from '../../../shared/documents/epub.ts';
import { lines, zipped } from '../../support/office-files.ts';

const CONTAINER =
  '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>';
const chapter = (body: string) =>
  `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>${body}</body></html>`;
const book = (files: Record<string, string> = {}) =>
  zipped({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml': CONTAINER,
    'OPS/book.opf': `<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Lamp</dc:title><dc:creator>Bo Lindqvist</dc:creator><dc:creator>Ada Wolff</dc:creator><dc:language>en</dc:language></metadata><manifest><item id="n" href="nav.xhtml" properties="nav"/><item id="b" href="text/two%20b.xhtml"/><item id="a" href="text/one.xhtml"/></manifest><spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/><itemref idref="gone"/></spine></package>`,
    'OPS/nav.xhtml': chapter('<nav><a href="text/one.xhtml">One</a></nav>Contents'),
    'OPS/text/one.xhtml': chapter('<h1>One</h1><p>The lamp<a id="x"/> was lit.</p>'),
    'OPS/text/two b.xhtml': chapter('<h1>Two</h1><p>It went out.</p>'),
    ...files,
  });

describe('a book', () => {
  it('gives its chapters in the order of the spine, without the contents, and what it says of itself', async () => {
    const content = await parseEpub(await book(), 'a.epub');
    expect(content).toMatchObject({
      title: 'The Lamp',
      metadata: { author: 'Bo Lindqvist, Ada Wolff', language: 'en' },
    });
    expect(lines(content)).toEqual(['# One', 'The lamp was lit.', '# Two', 'It went out.']);
  });

  it('is refused where it is locked, but not for scrambled fonts', async () => {
    const encryption = (algorithm: string) =>
      `<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="${algorithm}"/></enc:EncryptedData></encryption>`;
    const locked = await book({
      'META-INF/encryption.xml': encryption('http://www.w3.org/2001/04/xmlenc#aes128-cbc'),
    });
    await expect(parseEpub(locked, 'a.epub')).rejects.toMatchObject({ code: 'document_encrypted' });
    const fonts = await book({ 'META-INF/encryption.xml': encryption('http://www.idpf.org/2008/embedding') });
    expect((await parseEpub(fonts, 'a.epub')).blocks).toHaveLength(4);
  });

  it('is refused without its parts', async () => {
    const empty = await zipped({ 'META-INF/container.xml': CONTAINER });
    await expect(parseEpub(empty, 'a.epub')).rejects.toMatchObject({ code: 'document_corrupt' });
  });
});
