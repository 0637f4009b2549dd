import { describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { parseDocx } from '../../../../shared/documents/docx/docx.ts';
import {
  lines,
  NAMESPACES,
  paragraph,
  relationships,
  run,
  styled,
  table,
  type WordParts,
  wordFile,
  wordPart,
  zipped,
} from '../../../support/office-files.ts';

const read = async (body: string, parts?: WordParts) =>
  lines(await parseDocx(await wordFile(body, parts), 'a.docx'));
const note = (kind: string, id: number, content: string) =>
  `<w:${kind} w:id="${id}" w:author="Bo">${content}</w:${kind}>`;
const reference = (kind: string, id: number, more = '') =>
  `<w:r><w:${kind}Reference w:id="${id}"${more}/></w:r>`;

describe('notes', () => {
  it('follow the paragraph that refers to them; endnotes have Roman numbers', async () => {
    const body =
      paragraph(
        `${run('Fare: 90')}${reference('footnote', 7)}${run(', later 95')}${reference('endnote', 3)}`,
      ) +
      paragraph(`${run('Animals')}${reference('footnote', 2)}`) +
      paragraph('Lost property');
    const parts = {
      footnotes:
        note('footnote', 2, paragraph('Dogs pay half.')) +
        note('footnote', 7, paragraph('With a deposit.') + paragraph('Of 300.')),
      endnotes: note('endnote', 3, paragraph('From May.')),
    };
    expect(await read(body, parts)).toEqual([
      'Fare: 90[1], later 95[i]',
      '[1] With a deposit.\nOf 300.',
      '[i] From May.',
      'Animals[2]',
      '[2] Dogs pay half.',
      'Lost property',
    ]);
  });

  it('keep signs of their own, and comments tell their author', async () => {
    const body =
      paragraph(`${run('Fare')}${reference('footnote', 1, ' w:customMarkFollows="1"')}${run('*')}`) +
      paragraph(`${run('Rent')}${reference('comment', 1)}`);
    const parts = {
      footnotes: note('footnote', 1, paragraph('* Half for dogs.')),
      comments: note('comment', 1, paragraph('Too high?')),
    };
    expect(await read(body, parts)).toEqual(['Fare*', '* Half for dogs.', 'Rent', 'Comment (Bo): Too high?']);
  });

  it('that refer to themselves are read once', async () => {
    const parts = { footnotes: note('footnote', 1, paragraph(`${run('See')}${reference('footnote', 1)}`)) };
    expect(await read(paragraph(`${run('x')}${reference('footnote', 1)}`), parts)).toEqual([
      'x[1]',
      '[1] See[2]',
    ]);
  });

  it('of a table stand below it', async () => {
    const cell = paragraph(`${run('90')}${reference('footnote', 1)}`);
    const parts = { footnotes: note('footnote', 1, paragraph('Sundays 95.')) };
    expect(
      await read(
        table([
          ['Fare', 'Price', 'Line'],
          ['day', cell, '2'],
        ]) + paragraph('End'),
        parts,
      ),
    ).toEqual(['Fare | Price | Line\nday | 90[1] | 2', '[1] Sundays 95.', 'End']);
  });
});

describe('headers and footers', () => {
  const header = (text: string) => wordPart('w:hdr', text);
  const page = (code: string) => `<w:fldSimple w:instr=" ${code} "><w:r><w:t>3</w:t></w:r></w:fldSimple>`;
  const parts: WordParts = {
    links: {
      h1: ['header', 'header1.xml'],
      h2: ['header', 'header2.xml'],
      h3: ['header', 'header3.xml'],
      f1: ['footer', 'footer1.xml'],
    },
    files: {
      'word/header1.xml': header(paragraph('QS-114, revision C')),
      'word/header2.xml': header(paragraph('QS-114, revision C') + paragraph('First page only')),
      'word/header3.xml': header(paragraph('Never shown')),
      'word/footer1.xml': header(
        paragraph(
          `${run('Valid from 1 March')}<w:r><w:tab/></w:r>${run('Page ')}${page('PAGE')}${run(' of ')}${page('NUMPAGES')}`,
        ),
      ),
    },
  };
  const refs =
    '<w:headerReference w:type="default" r:id="h1"/><w:headerReference w:type="even" r:id="h3"/><w:headerReference w:type="first" r:id="h2"/><w:footerReference w:type="default" r:id="f1"/>';

  it('are there once, without page numbers and what is not shown', async () => {
    const section = `<w:sectPr>${refs}<w:titlePg/></w:sectPr>`;
    expect(await read(paragraph('Text') + paragraph('', section) + section, parts)).toEqual([
      'QS-114, revision C\nFirst page only\nValid from 1 March',
      'Text',
    ]);
  });
});

describe('equations', () => {
  const r = (text: string) => `<m:r><m:t>${text}</m:t></m:r>`;
  const e = (xml: string) => `<m:e>${xml}</m:e>`;
  it.each([
    [
      'F = 1200 N · cos(α)',
      `${r('F = 1200 N · ')}<m:func><m:fName>${r('cos')}</m:fName>${e(`<m:d>${e(r('α'))}</m:d>`)}</m:func>`,
    ],
    ['(a+b)/2', `<m:f><m:num>${r('a+b')}</m:num><m:den>${r('2')}</m:den></m:f>`],
    ['x_1^2', `<m:sSubSup>${e(r('x'))}<m:sub>${r('1')}</m:sub><m:sup>${r('2')}</m:sup></m:sSubSup>`],
    ['e^(−t)', `<m:sSup>${e(r('e'))}<m:sup>${r('−t')}</m:sup></m:sSup>`],
    ['√(x+1)', `<m:rad><m:deg/>${e(r('x+1'))}</m:rad>`],
    ['∛8', `<m:rad><m:deg>${r('3')}</m:deg>${e(r('8'))}</m:rad>`],
    [
      '∑_(i=1)^n i',
      `<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>${r('i=1')}</m:sub><m:sup>${r('n')}</m:sup>${e(r('i'))}</m:nary>`,
    ],
    [
      '[a, b; c, d]',
      `<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr>${e(`<m:m><m:mr>${e(r('a'))}${e(r('b'))}</m:mr><m:mr>${e(r('c'))}${e(r('d'))}</m:mr></m:m>`)}</m:d>`,
    ],
    [
      'lim_(n→∞) x',
      `<m:func><m:fName><m:limLow>${e(r('lim'))}<m:lim>${r('n→∞')}</m:lim></m:limLow></m:fName>${e(r('x'))}</m:func>`,
    ],
    ['F', r('\u{1d439}')],
    [
      '((x-c)/v)^2',
      `<m:sSup>${e(`<m:f><m:num>${r('x-c')}</m:num><m:den>${r('v')}</m:den></m:f>`)}<m:sup>${r('2')}</m:sup></m:sSup>`,
    ],
    [
      'x^k a cos t',
      `<m:sSup>${e(r('x'))}<m:sup>${r('k')}</m:sup></m:sSup>${r('a')}<m:func><m:fName>${r('cos')}</m:fName>${e(r('t'))}</m:func>`,
    ],
    ['a=b\nc=d', `${r('a=b')}</m:oMath><m:oMath>${r('c=d')}`],
  ])('read %s', async (text, xml) => {
    expect(await read(paragraph(`${run('Here ')}<m:oMath>${xml}</m:oMath>${run(' holds.')}`))).toEqual([
      `Here ${text} holds.`,
    ]);
  });
});

describe('properties', () => {
  it('give title and metadata, without what libraries leave there', async () => {
    const core = (title: string, author: string) =>
      `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>${title}</dc:title><dc:creator>${author}</dc:creator><cp:keywords>tide</cp:keywords><dcterms:created>2025-03-01T09:00:00Z</dcterms:created></cp:coreProperties>`;
    const file = (xml: string) =>
      zipped({
        '_rels/.rels': relationships({
          main: ['officeDocument', 'word/document.xml'],
          core: ['metadata/core-properties', 'docProps/core.xml'],
        }),
        'word/document.xml': `<w:document ${NAMESPACES}><w:body>${paragraph('x')}</w:body></w:document>`,
        'docProps/core.xml': xml,
      });
    expect(await parseDocx(await file(core('Tides', 'Bo Lindqvist')), 'a.docx')).toMatchObject({
      title: 'Tides',
      metadata: { author: 'Bo Lindqvist', created: '2025-03-01', keywords: 'tide' },
    });
    expect((await parseDocx(await file(core('', 'python-docx')), 'a.docx')).metadata).toEqual({
      keywords: 'tide',
    });
  });

  it('give way to the title on the page', async () => {
    const content = await parseDocx(await wordFile(styled('Title', 'On the page')), 'a.docx');
    expect(content.title).toBe('On the page');
  });
});

describe('charts', () => {
  it('are tables of their values', async () => {
    const points = (name: string, values: string[]) =>
      `<c:${name}><c:strRef><c:strCache>${values.map((value, i) => `<c:pt idx="${i}"><c:v>${value}</c:v></c:pt>`).join('')}</c:strCache></c:strRef></c:${name}>`;
    const chart = `<c:chartSpace ${NAMESPACES}><c:chart><c:title><a:t>Catch</a:t></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:v>cod</c:v></c:tx>${points('cat', ['2023', '2024'])}${points('val', ['4.4000000000000004', '5'])}</c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>`;
    const body = paragraph(
      '<w:r><w:drawing><wp:inline><wp:docPr id="1" name="Chart 1"/><a:graphic><c:chart r:id="c1"/></a:graphic></wp:inline></w:drawing></w:r>',
    );
    const parts = {
      links: { c1: ['chart', 'charts/chart1.xml'] },
      files: { 'word/charts/chart1.xml': chart },
    } as const;
    expect(await read(body, parts)).toEqual(['Catch\n | cod\n2023 | 4.4\n2024 | 5']);
  });
});

describe('a document within the document', () => {
  const links = {
    c1: ['aFChunk', 'part.htm'],
    c2: ['aFChunk', 'part.mht'],
    c3: ['aFChunk', 'part.docx'],
  } as const;

  it('is read where it stands, be it HTML, an archive of it or text', async () => {
    const mht =
      'MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html; charset=utf-8\n\n<p>Rates of May.</p>\n--b--\n';
    const body = `${paragraph('Above')}<w:altChunk r:id="c1"/><w:altChunk r:id="c2"/>${paragraph('Between')}<w:altChunk r:id="c3"/><w:altChunk r:id="gone"/>`;
    const files = {
      'word/part.htm': '<html><body><h2>Hours</h2><p>8 to 12</p></body></html>',
      'word/part.mht': mht,
      'word/part.docx': 'Plain words.',
    };
    expect(await read(body, { links, files })).toEqual([
      'Above',
      '## Hours',
      '8 to 12',
      'Rates of May.',
      'Between',
      'Plain words.',
    ]);
  });

  it('may be a Word file, which is read to a bounded depth', async () => {
    const inner = await wordFile(paragraph('Inner text'));
    const zip = new ZipFile();
    const outer = {
      '_rels/.rels': relationships({ main: ['officeDocument', 'word/document.xml'] }),
      'word/document.xml': wordPart('w:document', '<w:body><w:altChunk r:id="c3"/></w:body>'),
      'word/_rels/document.xml.rels': relationships(links),
    };
    for (const [name, text] of Object.entries(outer)) zip.addBuffer(Buffer.from(text), name);
    zip.addBuffer(Buffer.from(inner), 'word/part.docx');
    zip.end();
    const bytes: Buffer[] = [];
    for await (const chunk of zip.outputStream) bytes.push(chunk as Buffer);
    expect(lines(await parseDocx(Buffer.concat(bytes), 'a.docx'))).toEqual(['Inner text']);
  });
});
