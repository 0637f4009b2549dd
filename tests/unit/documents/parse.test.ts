import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../shared/documents/parse.ts';
import { fixture, plainSections, plainText, utf8 } from '../../support/document-fixtures.ts';

const read = (text: string, name: string) => parseDocument(utf8(text), { name });

describe('a PDF', () => {
  it('keeps pages, takes large letters for headings, and joins a sentence over the end of a page', async () => {
    const document = await parseDocument(fixture('guide.pdf'), { name: 'x.pdf' });
    expect(document.title).toBe('Guide to Widgets');
    expect(document.sections.map(({ content }) => content.map(({ page }) => page))).toEqual([[1, 1, 1], [2]]);
    expect(plainSections(document)).toEqual([
      {
        headings: ['Installation'],
        content: [
          expect.stringMatching(/^A widget is installed in three steps\. .* until it holds\.$/),
          'A second paragraph is efficient.',
          'This sentence goes on with the next page, as sentences do.',
        ],
      },
      { headings: ['Use'], content: ['A widget is used with both hands.'] },
    ]);
  });

  it('is recognised whatever its name, and leaves the bytes to their owner', async () => {
    const bytes = Uint8Array.from(fixture('guide.pdf'));
    await expect(parseDocument(bytes, { name: 'guide.txt' })).resolves.toMatchObject({
      title: 'Guide to Widgets',
    });
    expect(bytes.length).toBeGreaterThan(0);
  });
});

describe('a Word document', () => {
  it('gives title, headings, lists and tables, without pictures', async () => {
    const document = await parseDocument(fixture('guide.docx'), { name: 'guide.docx' });
    expect(document.title).toBe('Guide to Widgets');
    expect(plainSections(document)).toEqual([
      {
        headings: ['Installation'],
        content: [expect.stringMatching(/^A widget is installed/), '- Open the box\n- Turn the screw'],
      },
      { headings: ['Installation', 'Prices'], content: ['Size | Price\nsmall | 3'] },
    ]);
  });
});

describe('a web page', () => {
  it('is decoded as its meta element says', async () => {
    const page = Buffer.from('<html><meta charset="windows-1252"><p>caf\xe9</p></html>', 'latin1');
    const document = await parseDocument(page, { name: 'old.html' });
    expect(plainText(document)).toEqual(['café']);
  });

  it('is recognised without a telling name', async () => {
    const document = await read('<!-- saved --> <!DOCTYPE html><title>Saved</title><p>text', 'download');
    expect(document.title).toBe('Saved');
  });
});

describe('Markdown', () => {
  it('keeps the path of headings, and an empty heading as text', async () => {
    const document = await read(
      '# Guide\n\nHello *big* `world`.\n\n## Install\n\n### On Linux\n\nRun it.\n\n## Later\n',
      'guide.md',
    );
    expect(document.title).toBe('Guide');
    expect(plainSections(document)).toEqual([
      { headings: [], content: ['Hello big world.'] },
      { headings: ['Install', 'On Linux'], content: ['Run it.'] },
      { headings: [], content: ['Later'] },
    ]);
  });

  it('has the title of its file when it only holds a heading of lower level', async () => {
    const document = await read('## Only', 'some/notes.2024.md');
    expect(document.title).toBe('notes.2024');
    expect(plainSections(document)).toEqual([{ headings: [], content: ['Only'] }]);
  });
});

describe('plain text', () => {
  it('is parted at blank lines and never interpreted', async () => {
    const document = await read('# no heading\r\n<b>no tag</b>\r\n \r\n\r\nTwo.\r\n', 'a.txt');
    expect(document.title).toBe('a');
    expect(plainText(document)).toEqual(['# no heading\n<b>no tag</b>', 'Two.']);
  });

  it.each([
    ['UTF-8', '\ufeffgrün 😀', 'utf8'],
    ['UTF-16LE', '\ufeffgrün 😀', 'utf16le'],
  ] as const)('may start with the byte order mark of %s', async (_name, text, encoding) => {
    const document = await parseDocument(Buffer.from(text, encoding), { name: 'a.txt' });
    expect(plainText(document)).toEqual(['grün 😀']);
  });

  it('may be UTF-16BE', async () => {
    const document = await parseDocument(Buffer.from('\ufeffgrün', 'utf16le').swap16(), {
      name: 'a.txt',
    });
    expect(plainText(document)).toEqual(['grün']);
  });

  it('is known by its media type when its name does not tell', async () => {
    const document = await parseDocument(utf8('Hi.'), {
      name: 'README',
      mediaType: 'text/plain; charset=utf-8',
    });
    expect(document.title).toBe('README');
  });
});
