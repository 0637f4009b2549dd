import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseDocument } from '../../../../shared/documents/parse.ts';
import type { TableBlock } from '../../../../shared/documents/types.ts';
import { fixture, plainText } from '../../../support/document-fixtures.ts';
import {
  lines,
  makePdf,
  type PdfPage,
  type PdfParts,
  type PlacedText,
  stream,
} from '../../../support/pdf.ts';

const read = (pages: PdfPage[], parts?: PdfParts) =>
  parseDocument(makePdf(pages, parts), { name: 'file.pdf' });
const textOf = async (pages: PdfPage[], parts?: PdfParts) => plainText(await read(pages, parts)).join('\n');

describe('the order of a PDF’s text', () => {
  it('is column after column, whatever order the lines are drawn in', async () => {
    const left = [
      'The mill of Orre was built in',
      '1802 by the miller Jens Toft.',
      'It ground rye for the town.',
    ];
    const right = ['Today it is a house for art.', 'Entry costs four crowns and', 'it is shut on Tuesdays.'];
    const drawn = left.flatMap((_, i): PlacedText[] => [
      [320, 700 - 14 * i, right[i]!],
      [60, 700 - 14 * i, left[i]!],
    ]);
    expect(await textOf([{ text: [[60, 740, 'The mill of Orre', 16], ...drawn] }])).toBe(
      `${left.join(' ')}\n${right.join(' ')}`,
    );
  });

  it('keeps a sentence that a page’s end cuts, and says which pages it stands on', async () => {
    const document = await read([
      { text: lines(60, 760, ['The ferry leaves every morning at seven and', 'is met by the']) },
      { text: lines(60, 760, ['harbour master. Dogs travel free.']) },
    ]);
    const [block] = document.sections[0]!.content;
    expect(block).toMatchObject({ page: 1, pageEnd: 2 });
    expect(plainText(document)[0]).toMatch(/is met by the harbour master\. Dogs/);
  });

  it('leaves out headers, footers and page numbers, but not a row of a table that looks like one', async () => {
    const page = (number: number, text: PlacedText[]): PdfPage => ({
      text: [
        [60, 815, 'Orders of the pilots', 9],
        [500, 815, `${number} of 4`, 9],
        ...text,
        [60, 30, 'Edition of May', 9],
      ],
    });
    const text = await textOf([
      page(1, lines(60, 770, ['Every pilot signs the book and hands it to the'])),
      page(2, lines(60, 770, ['clerk of station 2 on the same day.'])),
      page(3, [
        [60, 770, '35'],
        [200, 770, 'Alba'],
        [60, 750, '36'],
        [200, 750, 'Borg'],
      ]),
      page(4, [
        [60, 770, '71'],
        [200, 770, 'Ebb'],
        [60, 750, '72'],
        [200, 750, 'Falk'],
      ]),
    ]);
    expect(text).toContain('hands it to the clerk of station 2 on the same day.');
    for (const kept of ['35', 'Alba', '36', '71', 'Ebb', '72', 'Falk']) expect(text).toContain(kept);
    expect(text).not.toMatch(/Orders of the pilots|of 4|Edition/);
  });

  it('keeps what only counts on from page to page', async () => {
    const pages = [1, 2, 3, 4].map(
      (number): PdfPage => ({
        text: [[60, 780, `Picture ${number} shows the wall after the storm.`]],
      }),
    );
    expect(await textOf(pages)).toMatch(/Picture 1 shows .*\nPicture 2 shows .*\nPicture 3 .*\nPicture 4 /);
  });

  it('joins divided words, and keeps the hyphens of compounds', async () => {
    const text = await textOf([
      {
        text: lines(60, 760, [
          'A self-closing hatch and a long-lasting seal protect the engi-',
          'ne room. The self-',
          'righting boat is well-',
          'known, and a non-',
          'stop service is re-',
          'entered by co-',
          'operating crews in the sum-',
          'mer. The state-of-the-',
          'art pump is a sea-water pump; of sea-',
          'water there is enough.',
        ]),
      },
    ]);
    expect(text).toMatch(
      /the engine room\. The self-righting boat is well-known, and a non-stop service is re-entered/,
    );
    expect(text).toMatch(/cooperating crews in the summer\. The state-of-the-art pump .* of sea-water there/);
  });

  it.each([
    ['90ms-RKSJ-H', 'Japan1', '939491e4', '灯台'],
    ['UniJIS-UCS2-H', 'Japan1', '706f53f0', '灯台'],
    ['GBK-EUC-H', 'GB1', 'b5c6cbfe', '灯塔'],
    ['UniCNS-UCS2-H', 'CNS1', '71c85854', '燈塔'],
    ['UniKS-UCS2-H', 'Korea1', 'b4f1b300', '등대'],
  ])(
    'is read from fonts that name a character map of Adobe’s instead of bringing one: %s',
    async (map, collection, bytes, shown) => {
      const font = `<</Type/Font/Subtype/Type0/BaseFont/Light/Encoding/${map}/DescendantFonts[101 0 R]>>`;
      const descendant = `<</Type/Font/Subtype/CIDFontType0/BaseFont/Light/CIDSystemInfo<</Registry(Adobe)/Ordering(${collection})/Supplement 2>>/FontDescriptor 102 0 R/DW 1000>>`;
      const descriptor =
        '<</Type/FontDescriptor/FontName/Light/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>';
      const objects = { 100: font, 101: descendant, 102: descriptor };
      const text: PlacedText[] = [[60, 700, `<${bytes}>`, 12, 'F3']];
      expect(await textOf([{ text }], { fonts: '/F3 100 0 R', objects })).toBe(shown);
    },
  );
});

describe('a table in a PDF', () => {
  const cells = [
    ['Region', 'Port', 'Ships', 'Tons'],
    ['North', 'Alba', '12', '4,100'],
    ['', 'Borg', '7', '900'],
    ['', 'Cumar', '', '1,250'],
    ['South', 'Dunst', '31', ''],
    ['', 'Ebb', '4', '77'],
  ];
  const columns = [60, 160, 280, 380];
  const place = (rows: readonly string[][], top: number): PlacedText[] =>
    rows.flatMap((row, i) =>
      row
        .flatMap((cell, j): PlacedText[] => (cell === '' ? [] : [[columns[j]!, top - 18 * i, cell, 10]]))
        .reverse(),
    );
  const tablesOf = async (pages: PdfPage[]) =>
    (await read(pages)).sections
      .flatMap(({ content }) => content)
      .filter(({ kind }) => kind === 'table') as TableBlock[];

  it('keeps its rows, whatever order the cells are drawn in and where some are empty', async () => {
    const [table] = await tablesOf([{ text: [[60, 780, 'Ships of the ports', 16], ...place(cells, 700)] }]);
    expect(table).toMatchObject({ header: cells[0], rows: cells.slice(1) });
  });

  it('keeps rows between rules too', async () => {
    const rules = [...cells, []].map((_, i) => `55 ${712 - 18 * i} m 440 ${712 - 18 * i} l S`);
    const walls = [55, 155, 275, 375, 440].map((x) => `${x} 712 m ${x} ${712 - 18 * cells.length} l S`);
    const [table] = await tablesOf([{ text: place(cells, 700), content: [...rules, ...walls].join('\n') }]);
    expect(table).toMatchObject({ header: cells[0], rows: cells.slice(1) });
  });

  it('takes lines of one cell together, and no paragraph for its header', async () => {
    const text: PlacedText[] = [
      [
        60,
        730,
        'The fees below hold from the first of May for every ship and are paid in crowns on arrival.',
        10,
      ],
      ...place(
        [
          ['Harbour', 'Pilot', 'Fee', 'Remarks'],
          ['Alba', 'yes', '120', ''],
          ['Borg', '', '80', 'only at high water,'],
        ],
        700,
      ),
      [380, 652, 'and when the master', 10],
      [380, 640, 'of the harbour agrees', 10],
      ...place([['Cumar', 'yes', '', 'in summer']], 622),
    ];
    const [table] = await tablesOf([{ text }]);
    expect(table).toMatchObject({
      header: ['Harbour', 'Pilot', 'Fee', 'Remarks'],
      rows: [
        ['Alba', 'yes', '120', ''],
        ['Borg', '', '80', 'only at high water, and when the master of the harbour agrees'],
        ['Cumar', 'yes', '', 'in summer'],
      ],
    });
    expect(await textOf([{ text }])).toContain(
      'The fees below hold from the first of May for every ship and are paid',
    );
  });

  it('is one where columns of short lines stand at the same heights, as on an invoice', async () => {
    const text: PlacedText[] = [
      [72, 790, 'INVOICE', 16, 'F2'],
      ...['Port Lowe Ltd', 'Quay 4', '1234 Lowe'].map((line, i): PlacedText => [72, 760 - 14 * i, line, 10]),
      ...['Invoice no.', 'Date', 'Customer'].map((line, i): PlacedText => [350, 760 - 14 * i, line, 10]),
      [507.8, 760, '4711-B', 10],
      [478.9, 746, '1 March 2025', 10],
      [486.1, 732, 'Bo Lindqvist', 10],
      // Numbers are set to the right.
      [72, 660, 'Item', 10],
      [313.9, 660, 'Qty', 10],
      [406.7, 660, 'Price', 10],
      [505.5, 660, 'Amount', 10],
      [72, 644, 'Berth hire, March', 10],
      [318.9, 644, '31', 10],
      [405, 644, '10.00', 10],
      [509.4, 644, '310.00', 10],
      [72, 628, 'Electricity', 10],
      [313.3, 628, '120', 10],
      [410.5, 628, '0.50', 10],
      [515, 628, '60.00', 10],
      [407.8, 612, 'Total', 10],
      [509.4, 612, '370.00', 10],
    ];
    const [head, table] = await tablesOf([{ text }]);
    expect(head!.rows).toContainEqual(['Quay 4', 'Date', '1 March 2025']);
    expect(table).toMatchObject({
      header: ['Item', 'Qty', 'Price', 'Amount'],
      rows: [
        ['Berth hire, March', '31', '10.00', '310.00'],
        ['Electricity', '120', '0.50', '60.00'],
        ['', '', 'Total', '370.00'],
      ],
    });
  });

  it('is none where two addresses stand beside each other', async () => {
    const at = (x: number, texts: string[]) =>
      texts.map((line, i): PlacedText => [x, 760 - 14 * i, line, 10]);
    const text = [
      ...at(72, ['Port Lowe Ltd', 'Quay 4', '1234 Lowe']),
      ...at(350, ['Bo Lindqvist', 'Skip Street 7', '5678 Cumar']),
    ];
    expect(await textOf([{ text }])).toBe(
      'Port Lowe Ltd Quay 4 1234 Lowe\nBo Lindqvist Skip Street 7 5678 Cumar',
    );
  });

  it('keeps its caption and what is below it where it is turned, but no stamp in the margin', async () => {
    const turned = (x: number, y: number, text: string) =>
      `BT /F1 10 Tf 0 1 -1 0 ${x} ${y} Tm (${text}) Tj ET`;
    const rows = [
      ['Basin', 'Depth', 'Area'],
      ['North', '9.5', '12'],
      ['South', '7.1', '30'],
      ['East', '4.0', '8'],
    ];
    const content = [
      turned(200, 100, 'Table 4. Depths of the basins'),
      ...rows.flatMap((row, i) => row.map((cell, j) => turned(230 + 16 * i, 100 + 120 * j, cell))),
      turned(330, 100, 'Measured at low water by the pilots of Lowe.'),
      turned(25, 100, 'draft 3 of May'),
    ];
    const text = await textOf([{ text: [[72, 800, 'Harbour report']], content: content.join('\n') }]);
    expect(text).toMatch(/Table 4\. Depths of the basins\nBasin \| Depth/);
    expect(text).toMatch(/East \| 4\.0 \| 8\nMeasured at low water by the pilots of Lowe\.\n/);
    expect(text).not.toContain('draft');
  });

  it('goes on over a page’s end, and has its header once', async () => {
    const row = (i: number) => [`Port ${i}`, `Pier ${i}`, `${i * 7}`, `${i * 30}`];
    const page = (from: number): PdfPage => ({
      text: place([cells[0]!, ...Array.from({ length: 30 }, (_, i) => row(from + i))], 720),
    });
    const [table, ...others] = await tablesOf([page(1), page(31)]);
    expect(others).toEqual([]);
    expect(table).toMatchObject({ page: 1, pageEnd: 2, header: cells[0] });
    expect(table!.rows).toEqual(Array.from({ length: 60 }, (_, i) => row(1 + i)));
  });
});

describe('forms and notes of a PDF', () => {
  const widget = (type: string, rect: string, entries: string) =>
    `<</Type/Annot/Subtype/Widget/FT/${type}/F 4/Rect[${rect}]${entries}>>`;

  it('gives the values and choices of fields beside their labels, and ticks', async () => {
    const objects = {
      100: widget('Tx', '200 694 400 712', '/T(a)/V(Ottilie Marbach)'),
      101: widget('Tx', '60 644 200 662', '/T(b)/V(Cabin 17)'),
      102: widget('Btn', '60 614 72 626', '/T(c)/V/Yes/AS/Yes/AP<</N<</Yes 104 0 R/Off 104 0 R>>>>'),
      103: widget('Btn', '60 594 72 606', '/T(d)/V/Off/AS/Off/AP<</N<</Yes 104 0 R/Off 104 0 R>>>>'),
      104: stream('', '/Type/XObject/Subtype/Form/BBox[0 0 12 12]'),
      105: widget('Ch', '200 574 400 592', '/T(e)/Ff 131072/Opt[(Vegan)(Fish)]/V(Fish)'),
    };
    const references = '100 0 R 101 0 R 102 0 R 103 0 R 105 0 R';
    const text: PlacedText[] = [
      [60, 700, 'Name of the guest'],
      [60, 666, 'Place on board'],
      [78, 617, 'Breakfast wanted'],
      [78, 597, 'Dinner wanted'],
      [60, 578, 'Meal chosen'],
      [60, 540, 'Hand this form to the purser before the ship leaves the quay.'],
    ];
    const catalog = `/AcroForm<</Fields[${references}]>>`;
    expect(await textOf([{ text, annotations: references }], { objects, catalog })).toBe(
      'Name of the guest: Ottilie Marbach\nPlace on board: Cabin 17\n[x] Breakfast wanted\n[ ] Dinner wanted\nMeal chosen: Fish\n' +
        'Hand this form to the purser before the ship leaves the quay.',
    );
  });

  it('has what reviewers have written to marks after the marked paragraph, once', async () => {
    const mark = (rect: string, contents: string) =>
      `<</Type/Annot/Subtype/Highlight/Rect[${rect}]/QuadPoints[]/Contents(${contents})>>`;
    const text = await textOf(
      [
        {
          text: [
            ...lines(60, 760, [
              'The winch of the north quay holds four tonnes and must be',
              'oiled each Monday.',
            ]),
            ...lines(60, 700, ['The crane is older.']),
          ],
          annotations: '100 0 R 101 0 R',
        },
      ],
      {
        objects: {
          100: mark('200 758 260 770', 'Bo says five.'),
          101: mark('60 744 150 756', 'oiled each Monday'),
        },
      },
    );
    expect(text).toMatch(/must be oiled each Monday\.\nComment: Bo says five\.\nThe crane is older\.$/);
  });

  it('gives notes where they lie', async () => {
    const objects = {
      100: '<</Type/Annot/Subtype/FreeText/Rect[60 640 400 660]/Contents(The limit is 45 bar.)/DA(/F1 10 Tf)>>',
      101: '<</Type/Annot/Subtype/Text/Rect[420 640 440 660]/Contents(Checked by Tilde on 3 May.)>>',
    };
    const text: PlacedText[] = [
      [60, 700, 'The boiler was filled with cold water and the pressure was raised.'],
      [60, 560, 'The test took two hours.'],
    ];
    const found = await textOf([{ text, annotations: '100 0 R 101 0 R' }], { objects });
    expect(found.split('\n')).toEqual([
      'The boiler was filled with cold water and the pressure was raised.',
      'The limit is 45 bar.',
      'Checked by Tilde on 3 May.',
      'The test took two hours.',
    ]);
  });

  it('gives the fields of an XFA form instead of the page that asks to wait', async () => {
    const field = (name: string, caption: string, ui = '<textEdit/>', more = '') =>
      `<field name="${name}"><ui>${ui}</ui><caption><value><text>${caption}</text></value></caption>${more}</field>`;
    const xml = `<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template xmlns="http://www.xfa.org/schema/xfa-template/3.0/"><subform name="f">
      <draw><value><text>Order of a berth</text></value></draw>
      ${field('guest', 'Name of the guest')}
      ${field('power', 'Shore power', '<checkButton/>', '<items><text>1</text></items>')}
      ${field('kind', 'Kind', '<choiceList/>', '<items><text>At the quay</text></items><items save="1"><text>q</text></items>')}
      ${field('secret', 'Code', '<textEdit/>').replace('<field', '<field presence="hidden"')}
      </subform></template><xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><f>
      <guest>Ottilie &amp; Bo</guest><power>1</power><kind>q</kind><row>Rope</row></f></xfa:data></xfa:datasets></xdp:xdp>`;
    const text: PlacedText[] = [[60, 700, 'Please wait... If this message is not eventually replaced', 11]];
    const parts = {
      catalog: '/AcroForm<</Fields[]/XFA 100 0 R>>/NeedsRendering true',
      objects: { 100: stream(xml) },
    };
    expect(await textOf([{ text }], parts)).toBe(
      'Order of a berth\nName of the guest: Ottilie & Bo\n[x] Shore power\nKind: At the quay\nrow: Rope',
    );
  });
});

describe('the title of a PDF', () => {
  const body: PlacedText[] = lines(
    60,
    700,
    ['The quay wall was measured in ten places with a laser.', 'It is safe.'],
    10,
  );

  it.each(['Untitled', 'Layout 1', 'Microsoft Word - wall.docx', 'wall-v2.indd', '(anonymous)'])(
    'is its heading rather than "%s"',
    async (stated) => {
      const info = `/Title(${stated.replace(/[()]/g, '\\$&')})`;
      const text: PlacedText[] = [[60, 760, 'Movement of the quay wall', 17], ...body];
      expect((await read([{ text }], { info })).title).toBe('Movement of the quay wall');
      expect((await read([{ text: body }], { info })).title).toBe('file');
    },
  );

  it('is what the file says of itself, with who wrote it', async () => {
    const info = '/Title(Kaimauer \\(S\\374d\\))/Author(Bo Lindqvist)';
    const document = await read([{ text: body }], { info });
    expect(document.title).toBe('Kaimauer (Süd)');
    expect(document.metadata).toEqual({ author: 'Bo Lindqvist' });
  });

  it('is no stamp in the margin, however large', async () => {
    const stamp = 'BT /F1 20 Tf 0 1 -1 0 32 230 Tm (draft 2411.00001v1 3 Nov 2024) Tj ET';
    const text: PlacedText[] = [[60, 760, 'Movement of the quay wall', 17], ...body];
    expect((await read([{ text, content: stamp }])).title).toBe('Movement of the quay wall');
  });
});

describe('a scanned PDF', () => {
  const directory = mkdtempSync(join(tmpdir(), 'blockrag-tessdata-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('is refused with the option that reads it', async () => {
    const reading = parseDocument(fixture('scanned-text.pdf'), { name: 'a.pdf' });
    await expect(reading).rejects.toMatchObject({
      code: 'document_no_text',
      message: expect.stringContaining('--ocr'),
    });
  });

  it('is recognised where that is wanted, page by page', async () => {
    const seen: unknown[] = [];
    const document = await parseDocument(
      fixture('scanned-text.pdf'),
      { name: 'a.pdf' },
      { ocr: { languages: ['eng'], directory }, onProgress: (progress) => seen.push(progress) },
    );
    expect(plainText(document).join(' ')).toMatch(/The key of the boat house hangs behind the clock/);
    expect(document.pages).toEqual({ total: 1, recognised: 1 });
    expect(seen).toEqual([{ page: 1, pages: 1 }]);
  });

  it('names the package of a language that is not installed', async () => {
    const options = { ocr: { languages: ['tlh'], directory } };
    await expect(
      parseDocument(fixture('scanned-text.pdf'), { name: 'a.pdf' }, options),
    ).rejects.toMatchObject({
      code: 'document_parser_missing',
      message: expect.stringContaining('npm install @tesseract.js-data/tlh'),
    });
  });
});
