import { describe, expect, it } from 'vitest';
import { parseXlsx } from '../../../../shared/documents/xlsx/xlsx.ts';
import { lines, NAMESPACES, relationships, zipped } from '../../../support/office-files.ts';

const MAIN = NAMESPACES.replace(
  'xmlns:p=',
  'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:p=',
);
const FORMATS = ['General', '0%', '#,##0.00 "€"', 'dd/mm/yyyy', 'd/m/yy h:mm', 'mmm yyyy', '[broken'];
const STYLES =
  `<styleSheet ${MAIN}><numFmts>${FORMATS.map((code, i) => `<numFmt numFmtId="${200 + i}" formatCode="${code.replaceAll('"', '&quot;')}"/>`).join('')}</numFmts>` +
  `<fonts><font/><font><b/></font></fonts><cellXfs>${FORMATS.map((_code, i) => `<xf numFmtId="${200 + i}" fontId="0"/>`).join('')}<xf numFmtId="0" fontId="1"/><xf numFmtId="14" fontId="0"/></cellXfs></styleSheet>`;
const BOLD = 7;
const BUILT_IN_DATE = 8;

interface Sheet {
  name?: string;
  state?: string;
  rows: string;
  after?: string;
  links?: Readonly<Record<string, readonly [string, string]>>;
}

const file = (sheets: readonly Sheet[], files: Record<string, string> = {}, properties = '') =>
  zipped({
    '_rels/.rels': relationships({ main: ['officeDocument', 'xl/workbook.xml'] }),
    'xl/workbook.xml': `<workbook ${MAIN}><workbookPr ${properties}/><sheets>${sheets
      .map(
        ({ name = `Sheet${1}`, state = 'visible' }, i) =>
          `<sheet name="${name}" sheetId="${i + 1}" state="${state}" r:id="s${i}"/>`,
      )
      .join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relationships({
      strings: ['sharedStrings', 'sharedStrings.xml'],
      styles: ['styles', 'styles.xml'],
      ...Object.fromEntries(
        sheets.map((_sheet, i) => [`s${i}`, ['worksheet', `worksheets/sheet${i}.xml`] as const]),
      ),
    }),
    'xl/styles.xml': STYLES,
    'xl/sharedStrings.xml': `<sst ${MAIN}><si><t>Part</t></si><si><r><t>Pri</t></r><r><t>ce</t></r><rPh><t>x</t></rPh></si><si><t>two_x000A_lines</t></si></sst>`,
    ...Object.fromEntries(
      sheets.flatMap(({ rows, after = '', links = {} }, i) => [
        [
          `xl/worksheets/sheet${i}.xml`,
          `<worksheet ${MAIN}><sheetData>${rows}</sheetData>${after}</worksheet>`,
        ],
        [`xl/worksheets/_rels/sheet${i}.xml.rels`, relationships(links)],
      ]),
    ),
    ...files,
  });

const text = (value: string, at = '') => `<c ${at && `r="${at}"`} t="inlineStr"><is><t>${value}</t></is></c>`;
const number = (value: number | string, style = 0, at = '') =>
  `<c ${at && `r="${at}"`} s="${style}"><v>${value}</v></c>`;
const row = (cells: readonly string[], at = '') => `<row ${at && `r="${at}"`}>${cells.join('')}</row>`;
const texts = (...values: string[]) => row(values.map((value) => text(value)));
const read = async (...given: Parameters<typeof file>) =>
  lines(await parseXlsx(await file(...given), 'a.xlsx'));

describe('cells', () => {
  it.each([
    ['a shared string of runs', '<c t="s"><v>1</v></c>', 'Price'],
    ['a character that XML cannot hold', '<c t="s"><v>2</v></c>', 'two; lines'],
    ['a formula with its last value', '<c t="str"><f>A1&amp;"x"</f><v>done</v></c>', 'done'],
    ['a truth value', '<c t="b"><v>1</v></c>', 'TRUE'],
    ['an error', '<c t="e"><v>#DIV/0!</v></c>', '#DIV/0!'],
    ['a long number', number(123456789012), '123456789012'],
    ['a sum of fractions', number(0.1 + 0.2), '0.3'],
    ['a percentage', number(0.25, 1), '25%'],
    ['a price', number(1234.5, 2), '1,234.50 €'],
    ['a date', number(45717, 3), '2025-03-01'],
    ['a date in a format that Excel has', number(45717, BUILT_IN_DATE), '2025-03-01'],
    ['a date with its time', number(45717.604166666664, 4), '2025-03-01 14:30'],
    ['a month', number(45717, 5), 'Mar 2025'],
    ['a number in a format that is broken', number(5, 6), '5'],
    ['a string that is not there', '<c t="s"><v>99</v></c>', ''],
  ])('show %s', async (_what, cell, shown) => {
    expect(await read([{ rows: row([text('at'), cell, text('end')]) }])).toEqual([
      `at | ${shown} | end`.replace('|  |', '|'),
    ]);
  });

  it('count days from 1904 where the workbook does', async () => {
    const found = await read([{ rows: row([text('at'), number(45717 - 1462, 3)]) }], {}, 'date1904="1"');
    expect(found).toEqual(['at | 2025-03-01']);
  });
});

describe('sheets', () => {
  const rota = texts('Day', 'Watch', 'Officer') + texts('Mon', 'am', 'Ekdal');

  it('are under headings of their names, without hidden ones', async () => {
    const sheets = [
      { name: 'Rota', rows: rota },
      { name: 'Secret', state: 'hidden', rows: rota },
      { name: 'Crew', rows: texts('Bo') },
    ];
    expect(await read(sheets)).toEqual([
      '## Rota',
      'Day | Watch | Officer\nMon | am | Ekdal',
      '## Crew',
      'Bo',
    ]);
  });

  it('have no heading where nobody has named the only one', async () => {
    expect(await read([{ name: 'Tabelle1', rows: texts('Bo') }])).toEqual(['Bo']);
  });

  it('are divided by blank rows; a line above a table is its caption', async () => {
    const rows =
      row([text('Stock in May', 'A1')], '1') +
      row([number('', BOLD), text('Part', 'B2'), text('Price', 'C2')], '2') +
      row([text('pump', 'B3'), number(3, 0, 'C3')], '3') +
      row([text('Source: keeper', 'A5')], '5');
    const { blocks } = await parseXlsx(await file([{ rows }]), 'a.xlsx');
    expect(blocks).toMatchObject([
      { kind: 'table', caption: 'Stock in May', header: ['', 'Part', 'Price'], rows: [['', 'pump', '3']] },
      { kind: 'text', text: 'Source: keeper' },
    ]);
  });

  it('have lines of text where no row has two cells', async () => {
    const rows = row([text('Dear keeper,', 'A1')], '1') + row([text('all is well.', 'B2')], '2');
    expect(await read([{ rows }])).toEqual(['Dear keeper,\nall is well.']);
  });

  it('have merged cells filled, and the header that a table states', async () => {
    const rows =
      texts('Day', 'Watch') +
      texts('Mon', 'am') +
      row([text('pm', 'B3')], '3') +
      row([text('free', 'A4')], '4');
    const after = '<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="A4:XFD4"/></mergeCells>';
    const links = { t: ['table', '../tables/table1.xml'] } as const;
    const table = { 'xl/tables/table1.xml': `<table ${MAIN} ref="A1:B4"/>` };
    const { blocks } = await parseXlsx(await file([{ rows, after, links }], table), 'a.xlsx');
    expect(blocks).toMatchObject([
      { header: ['Day', 'Watch'], rows: [['Mon', 'am'], ['Mon', 'pm'], ['free']] },
    ]);
  });

  it('tell comments, threads, links and text in shapes', async () => {
    const links = {
      c: ['comments', '../comments1.xml'],
      d: ['drawing', '../drawings/drawing1.xml'],
      h: ['hyperlink', 'https://lowe.example/pump'],
      t: ['threadedComment', '../threadedComments/t1.xml'],
    } as const;
    const files = {
      'xl/comments1.xml': `<comments ${MAIN}><authors><author>Bo</author></authors><commentList><comment ref="A1" authorId="0"><text><t>Bo: check</t></text></comment><comment ref="B1" authorId="0"><text><t>[Threaded comment] old</t></text></comment></commentList></comments>`,
      'xl/drawings/drawing1.xml': `<x:d xmlns:x="urn:x" ${NAMESPACES}><x:txBody><a:p><a:r><a:t>In a shape</a:t></a:r></a:p></x:txBody></x:d>`,
      'xl/threadedComments/t1.xml':
        '<t xmlns="urn:t"><threadedComment ref="B1"><text>is new</text></threadedComment></t>',
    };
    const sheet = {
      rows: row([text('pump', 'A1'), text('new', 'B1')], '1'),
      after: '<hyperlinks><hyperlink ref="A1" r:id="h"/></hyperlinks>',
      links,
    };
    expect(await read([sheet], files)).toEqual([
      'pump (https://lowe.example/pump) | new',
      'In a shape',
      'Comment on A1 (Bo): check',
      'Comment on B1: is new',
    ]);
  });
});
