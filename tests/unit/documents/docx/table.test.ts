import { describe, expect, it } from 'vitest';
import { parseDocx } from '../../../../shared/documents/docx/docx.ts';
import {
  item,
  lines,
  listLevel,
  paragraph,
  run,
  styled,
  table,
  wordFile,
} from '../../../support/office-files.ts';

const parse = async (body: string, numbering = '') =>
  await parseDocx(await wordFile(body, { numbering }), 'a.docx');
const read = async (body: string) => lines(await parse(body));
const span = (columns: number) => `<w:gridSpan w:val="${columns}"/>|`;
const START = '<w:vMerge w:val="restart"/>|';
const GOES_ON = '<w:vMerge/>|';
const bold = (text: string) => paragraph(run(text, '<w:b/>'));

describe('a table', () => {
  it('fills merged cells, downwards and sideways', async () => {
    const { blocks } = await parse(
      table([
        ['Day', 'Watch', 'Officer'],
        [`${START}Monday`, 'Morning', 'Ekdal'],
        [GOES_ON, 'Evening', 'Brandt'],
        ['Tuesday', `${span(2)}no watch`],
        [`${span(3)}All of July is free.`],
      ]),
    );
    expect(blocks).toEqual([
      {
        kind: 'table',
        caption: undefined,
        header: ['Day', 'Watch', 'Officer'],
        rows: [
          ['Monday', 'Morning', 'Ekdal'],
          ['Monday', 'Evening', 'Brandt'],
          ['Tuesday', 'no watch', 'no watch'],
          ['All of July is free.'],
        ],
      },
    ]);
  });

  it('has the rows for a header that say so, joined into one', async () => {
    const rows = table([
      [`${START}Ship`, `${span(2)}2024`],
      [GOES_ON, 'Q1', 'Q2'],
      ['Orca', '3', '4'],
    ]);
    let left = 2;
    const marked = rows.replaceAll('<w:tr>', (row) =>
      left-- > 0 ? `${row}<w:trPr><w:tblHeader/></w:trPr>` : row,
    );
    expect((await parse(marked)).blocks).toMatchObject([
      { header: ['Ship', '2024 Q1', '2024 Q2'], rows: [['Orca', '3', '4']] },
    ]);
  });

  it.each([
    [
      'a bold row',
      [
        [bold('Part'), bold('Maker')],
        ['pump', 'Lowe'],
      ],
      ['Part', 'Maker'],
    ],
    [
      'names above figures',
      [
        ['Size', 'Price'],
        ['small', '3 €'],
      ],
      ['Size', 'Price'],
    ],
    [
      'no row of a form',
      [
        ['Name', 'Bo'],
        ['Ship', 'Orca'],
      ],
      undefined,
    ],
    [
      'no row of labels',
      [
        ['Name:', 'Ship:', 'Port:'],
        ['Bo', 'Orca', 'Lowe'],
      ],
      undefined,
    ],
    [
      'no row of figures',
      [
        ['1', '2', '3'],
        ['4', '5', '6'],
      ],
      undefined,
    ],
  ])('takes for its header %s', async (_what, rows, header) => {
    expect((await parse(table(rows))).blocks).toMatchObject([{ header }]);
  });

  it('on a fine grid has the columns that are seen', async () => {
    const rows = [
      [`${span(4)}Name`, `${span(8)}Bo`],
      [`${span(3)}Ship`, `${span(3)}Orca`, `${span(3)}Port`, `${span(3)}Lowe`],
    ];
    expect(await read(table(rows))).toEqual([
      'Name | Bo | Bo | Bo\nShip | Orca | Port | Lowe'
        .replace('Name | Bo', 'Name | Name | Bo')
        .replace('Bo | Bo | Bo', 'Bo | Bo'),
    ]);
  });

  it('has its caption from above, below, or a first row across', async () => {
    const plain = table([
      ['Size', 'Price', 'Port'],
      ['small', '3', 'Lowe'],
    ]);
    const { blocks } = await parse(
      styled('caption', 'Table 1: Prices') +
        plain +
        paragraph('x') +
        plain +
        styled('caption', 'Table 2: Same') +
        paragraph('y') +
        table([[`${span(3)}Fees`], ['Size', 'Price', 'Port'], ['small', '3', 'Lowe']]) +
        paragraph('z') +
        styled('caption', 'Figure 1: A lamp') +
        paragraph('end'),
    );
    expect(blocks.map((block) => (block.kind === 'table' ? block.caption : block.text))).toEqual([
      'Table 1: Prices',
      'x',
      'Table 2: Same',
      'y',
      'Fees',
      'z',
      'Figure 1: A lamp',
      'end',
    ]);
  });

  it('joins the paragraphs and lists of a cell', async () => {
    const cell = paragraph('Two people.') + paragraph('Gloves') + paragraph('Boots');
    expect(
      await read(
        table([
          ['Work', 'Needs', 'Time'],
          ['Paint', cell, '3 h'],
        ]),
      ),
    ).toEqual(['Work | Needs | Time\nPaint | Two people. Gloves; Boots | 3 h']);
  });

  it('keeps text of a table in a cell, and rows in content controls', async () => {
    const inner =
      table([
        ['red', 'port'],
        ['green', 'starboard'],
      ]) + paragraph('');
    const row = `<w:sdt><w:sdtContent><w:tr><w:tc>${paragraph('Bell')}</w:tc><w:tc>${paragraph('one')}</w:tc><w:tc>${paragraph('x')}</w:tc></w:tr></w:sdtContent></w:sdt>`;
    const outer = table([
      ['Kind', 'What', 'Note'],
      ['Lights', inner, 'new'],
    ]).replace('</w:tbl><w:p><w:pPr></w:pPr></w:p></w:tc>', '</w:tbl></w:tc>');
    expect(await read(outer.replace(/<\/w:tbl>$/, `${row}</w:tbl>`))).toEqual([
      'Kind | What | Note\nLights | red, port; green, starboard | new\nBell | one | x',
    ]);
  });

  it('without deleted rows', async () => {
    const rows = table([
      ['A', 'B', 'C'],
      ['old', '1', '2'],
      ['new', '3', '4'],
    ]);
    expect(
      await read(
        rows.replace(
          '<w:tr><w:tc><w:tcPr></w:tcPr><w:p><w:pPr></w:pPr><w:r><w:rPr></w:rPr><w:t xml:space="preserve">old',
          (start) => start.replace('<w:tr>', '<w:tr><w:trPr><w:del/></w:trPr>'),
        ),
      ),
    ).toEqual(['A | B | C\nnew | 3 | 4']);
  });

  it('that lays out text is read as the text, with its headings', async () => {
    const cell = styled('heading1', 'Left') + paragraph('One.');
    expect(await read(table([[cell, styled('heading1', 'Right') + paragraph('Two.')]]))).toEqual([
      '# Left',
      'One.',
      '# Right',
      'Two.',
    ]);
    expect(await read(table([[paragraph('A box.')], [paragraph('Of notes.')]]))).toEqual([
      'A box.',
      'Of notes.',
    ]);
  });

  it('is divided by headings across it, each part under the header', async () => {
    const { blocks } = await parse(
      table([
        ['Part', 'Price', 'Stock'],
        [`${span(3)}${styled('heading2', 'Pumps')}`],
        ['A', '1', '2'],
        [`${span(3)}${styled('heading2', 'Valves')}`],
        ['B', '3', '4'],
      ]),
    );
    expect(blocks).toMatchObject([
      { kind: 'table', rows: [['Part', 'Price', 'Stock']] },
      { kind: 'heading', text: 'Pumps' },
      { kind: 'table', rows: [['A', '1', '2']] },
      { kind: 'heading', text: 'Valves' },
      { kind: 'table', rows: [['B', '3', '4']] },
    ]);
  });

  it('counts lists in its cells', async () => {
    const numbering = `<w:abstractNum w:abstractNumId="0">${listLevel(0, 'decimal', '%1.')}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>`;
    const { blocks } = await parse(
      table([
        [item('Oars', 1), 'ok', 'x'],
        [item('Sails', 1), 'torn', 'y'],
      ]),
      numbering,
    );
    expect(blocks).toMatchObject([
      {
        rows: [
          ['1. Oars', 'ok', 'x'],
          ['2. Sails', 'torn', 'y'],
        ],
      },
    ]);
  });
});
