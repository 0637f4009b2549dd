import { describe, expect, it } from 'vitest';
import { parseOdf } from '../../../../shared/documents/odf/odf.ts';
import { lines, zipped } from '../../../support/office-files.ts';

const ODF = 'urn:oasis:names:tc:opendocument:xmlns:';
const SPACES = [
  ...['office', 'text', 'table', 'style', 'meta', 'presentation'].map(
    (name) => `xmlns:${name}="${ODF}${name}:1.0"`,
  ),
  `xmlns:draw="${ODF}drawing:1.0"`,
  `xmlns:svg="${ODF}svg-compatible:1.0"`,
  `xmlns:fo="${ODF}xsl-fo-compatible:1.0"`,
  'xmlns:xlink="http://www.w3.org/1999/xlink"',
  'xmlns:dc="http://purl.org/dc/elements/1.1/"',
].join(' ');
const document = (name: string, xml: string) => `<office:${name} ${SPACES}>${xml}</office:${name}>`;
const STYLES =
  '<style:style style:name="Up"><style:text-properties style:text-position="super 58%"/></style:style>' +
  '<style:style style:name="Gone"><style:text-properties style:text-line-through-style="solid"/></style:style>' +
  '<style:style style:name="P1" style:parent-style-name="Title"/>' +
  '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/><text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="(" style:num-suffix=")"/></text:list-style>';
const read = async (body: string, files: Record<string, string> = {}) =>
  parseOdf(
    await zipped({
      'content.xml': document(
        'document-content',
        `<office:automatic-styles>${STYLES}</office:automatic-styles><office:body>${body}</office:body>`,
      ),
      ...files,
    }),
    'a.odt',
  );
const p = (text: string) => `<text:p>${text}</text:p>`;

describe('an OpenDocument text', () => {
  it('has its title, numbered headings, lists, marks and notes', async () => {
    const outline =
      '<text:outline-style><text:outline-level-style text:level="1" style:num-format="1"/><text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>';
    const header = `<office:master-styles><style:master-page><style:header>${p('QS-114, revision C')}</style:header><style:footer>${p('<text:page-number>3</text:page-number>')}</style:footer></style:master-page></office:master-styles>`;
    const item = (inner: string) => `<text:list-item>${inner}</text:list-item>`;
    const content = await read(
      `<office:text><text:p text:style-name="P1">Lease</text:p><text:h text:outline-level="1">Duties</text:h><text:h text:outline-level="2">Owner</text:h>` +
        p(
          'Area 40 m<text:span text:style-name="Up">2</text:span>,<text:span text:style-name="Gone"> old</text:span><text:s text:c="2"/>rent 90<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>In May.</text:p></text:note-body></text:note>',
        ) +
        `<text:list text:style-name="L1">${item(`${p('oars')}<text:list>${item(p('two'))}</text:list>`)}${item(p('<text:a xlink:href="mailto:bo@lowe.example">ask</text:a>'))}</text:list>` +
        `<text:p><draw:frame><draw:text-box>${p('In a box')}</draw:text-box></draw:frame><draw:frame><svg:desc>A lamp</svg:desc></draw:frame></text:p></office:text>`,
      {
        'styles.xml': document('document-styles', outline + header),
        'meta.xml': document(
          'document-meta',
          '<office:meta><dc:title>T</dc:title><meta:initial-creator>Bo</meta:initial-creator></office:meta>',
        ),
      },
    );
    expect(content.metadata).toEqual({ author: 'Bo' });
    expect(lines(content)).toEqual([
      'QS-114, revision C',
      '# Lease',
      '## 1 Duties',
      '### 1.1 Owner',
      'Area 40 m^2,  rent 90[1]',
      '[1] In May.',
      '1. oars\n  (a) two\n2. ask (bo@lowe.example)',
      'A lamp',
      'In a box',
    ]);
  });

  it('has tables with merged cells filled', async () => {
    const cell = (text: string, more = '') => `<table:table-cell ${more}>${p(text)}</table:table-cell>`;
    const row = (...cells: string[]) => `<table:table-row>${cells.join('')}</table:table-row>`;
    const content = await read(
      `<office:text><table:table><table:table-header-rows>${row(cell('Day'), cell('Watch'))}</table:table-header-rows>${row(cell('Mon', 'table:number-rows-spanned="2"'), cell('am'))}${row('<table:covered-table-cell/>', cell('pm'))}${row(cell('free', 'table:number-columns-spanned="2"'), '<table:covered-table-cell/>')}</table:table></office:text>`,
    );
    expect(content.blocks).toMatchObject([
      { kind: 'table', header: ['Day', 'Watch'], rows: [['Mon', 'am'], ['Mon', 'pm'], ['free']] },
    ]);
  });

  it('has areas of several rows and columns filled', async () => {
    const cell = (text: string, more = '') => `<table:table-cell ${more}>${p(text)}</table:table-cell>`;
    const row = (...cells: string[]) => `<table:table-row>${cells.join('')}</table:table-row>`;
    const area = 'table:number-rows-spanned="2" table:number-columns-spanned="2"';
    const covered = '<table:covered-table-cell/>';
    const content = await read(
      `<office:text><table:table>${row(cell('a'), cell('b'), cell('c'))}${row(cell('dock', area), covered, cell('1'))}${row(covered, covered, cell('2'))}</table:table></office:text>`,
    );
    expect(content.blocks).toMatchObject([
      {
        header: ['a', 'b', 'c'],
        rows: [
          ['dock', 'dock', '1'],
          ['dock', 'dock', '2'],
        ],
      },
    ]);
  });

  it('is refused with a password', async () => {
    const manifest = `<m:manifest xmlns:m="${ODF}manifest:1.0"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>`;
    await expect(read('<office:text/>', { 'META-INF/manifest.xml': manifest })).rejects.toMatchObject({
      code: 'document_encrypted',
    });
  });
});

it('a spreadsheet has its sheets for headings, whatever is repeated to its end', async () => {
  const cell = (text: string, more = '') =>
    `<table:table-cell ${more}>${text === '' ? '' : p(text)}</table:table-cell>`;
  const sheet = `<table:table table:name="Rota"><table:table-row>${cell('Day')}${cell('Watch')}${cell('Officer')}</table:table-row><table:table-row>${cell('Mon', 'table:number-rows-spanned="2"')}${cell('am')}${cell('Ekdal')}</table:table-row><table:table-row><table:covered-table-cell/>${cell('pm')}${cell('Brandt')}</table:table-row><table:table-row table:number-rows-repeated="1048573">${cell('', 'table:number-columns-repeated="16384"')}</table:table-row></table:table>`;
  expect(lines(await read(`<office:spreadsheet>${sheet}</office:spreadsheet>`))).toEqual([
    '## Rota',
    'Day | Watch | Officer\nMon | am | Ekdal\nMon | pm | Brandt',
  ]);
});

it('a presentation has its slides for pages', async () => {
  const box = (text: string, more = '') =>
    `<draw:frame ${more}><draw:text-box>${p(text)}</draw:text-box></draw:frame>`;
  const table =
    '<draw:frame><table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table></draw:frame>';
  const page = `<draw:page>${box('Tides', 'presentation:class="title"')}${box('High at noon')}${table}<presentation:notes>${box('Slowly')}</presentation:notes></draw:page>`;
  const content = await read(`<office:presentation>${page}${page}</office:presentation>`);
  expect(lines(content).slice(0, 4)).toEqual(['## Tides', 'High at noon', 'a | b', 'Notes: Slowly']);
  expect(content.blocks.map((block) => block.page)).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
});

it('shapes of a presentation come in reading order, those of a group together', async () => {
  const at = (x: number, y: number, width: number, height: number) =>
    `svg:x="${x}cm" svg:y="${y}cm" svg:width="${width}cm" svg:height="${height * 10}mm"`;
  const box = (text: string, place: string) =>
    `<draw:frame ${place}><draw:text-box>${p(text)}</draw:text-box></draw:frame>`;
  const behind = `<draw:custom-shape ${at(0, 0, 28, 20)}/>`;
  const group = `<draw:g>${box('b', at(2, 8, 6, 2))}${box('a', at(2, 4, 6, 2))}</draw:g>`;
  const title = `<draw:frame presentation:class="title" ${at(2, 1, 20, 2)}><draw:text-box>${p('T')}</draw:text-box></draw:frame>`;
  const rotated = `<draw:custom-shape draw:transform="rotate (1) translate (2cm 2cm)">${p('f')}</draw:custom-shape>`;
  const page = `<draw:page>${behind}${box('e', at(2, 15, 20, 2))}${rotated}${box('c', at(10, 4, 6, 2))}${box('d', at(10, 8, 6, 2))}${group}${title}</draw:page>`;
  const content = await read(`<office:presentation>${page}</office:presentation>`);
  expect(lines(content)).toEqual(['## T', 'a', 'b', 'c', 'd', 'e', 'f']);
});
