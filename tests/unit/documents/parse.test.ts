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
  it('leaves out scripts, styles, navigation and hidden elements', async () => {
    const document = await read(
      `<!doctype html><title>Page</title><style>p{}</style><nav>Home</nav>
       <p>One <b>bold</b>&amp;<i>plain</i>.</p><p hidden>no</p><div style="display: none">no</div>
       <script>no()</script><div>Two<br>lines</div>`,
      'page.html',
    );
    expect(document.title).toBe('Page');
    expect(plainText(document)).toEqual(['One bold&plain.', 'Two\nlines']);
  });

  it('keeps headings apart from text, tables as rows, and code as it is', async () => {
    const document = await read(
      `<html><body><h1>Top</h1>intro<h2>Sub</h2><ol start="3"><li>x<ul><li>y</ul><li>z</ol>
       <table><tr><th>a<th>b<tr><td><p>1</p><td>2</table><pre>  if (x)\n    y();</pre></body></html>`,
      'page.html',
    );
    expect(plainSections(document)).toEqual([
      { headings: [], content: ['intro'] },
      {
        headings: ['Sub'],
        content: ['3. x\n  - y\n4. z', 'a | b\n1 | 2', '  if (x)\n    y();'],
      },
    ]);
  });

  it('is reduced to the article where there is one', async () => {
    const text =
      'Block attention computes the keys and values of every passage once, and reuses them. '.repeat(4);
    const links = '<div class="sidebar"><a href="/a">Subscribe now</a></div>';
    const document = await read(
      `<html><head><title>News</title></head><body>${links}<article><h2>Fast</h2><p>${text}</p><p>${text}</p>
       </article>${links}</body></html>`,
      'news.html',
    );
    expect(plainText(document)).toEqual([text.trim(), text.trim()]);
  });

  it('is read whole when it is nested 10,000 deep', async () => {
    const html = `<html><body>${'<div>'.repeat(10_000)}<p>deep</p>${'</div>'.repeat(10_000)}</body></html>`;
    const document = await read(html, 'deep.html');
    expect(plainSections(document)).toEqual([{ headings: [], content: ['deep'] }]);
  });

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
  it('takes the title from front matter and nothing else', async () => {
    const document = await read('---\ntitle: "My notes"\ntags: [a]\n---\nText.\n', 'notes.md');
    expect(document.title).toBe('My notes');
    expect(plainSections(document)).toEqual([{ headings: [], content: ['Text.'] }]);
  });

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

  it('reads lists, tables, code and embedded HTML', async () => {
    const document = await read(
      '- a\n- b\n  1. c\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n```js\n  f();\n```\n\n<div><p>in html</p></div>\n',
      'all.md',
    );
    expect(plainText(document)).toEqual(['- a\n- b\n  1. c', 'x | y\n1 | 2', '  f();', 'in html']);
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
