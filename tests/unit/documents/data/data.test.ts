import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../../../shared/documents/data/csv.ts';
import { parseJson } from '../../../../shared/documents/data/json.ts';
import { parseYaml } from '../../../../shared/documents/data/yaml.ts';
import { parseDocument } from '../../../../shared/documents/parse.ts';
import { plainText, utf8 } from '../../../support/document-fixtures.ts';

describe('CSV', () => {
  it.each([
    ['comma', 'name,size\nA1,12\nA2,8\n'],
    ['semicolon', 'name;size\nA1;12\nA2;8\n'],
    ['tab', 'name\tsize\nA1\t12\nA2\t8\n'],
    ['bar', 'name|size\nA1|12\nA2|8\n'],
    ['what a first line states', 'sep=^\nname^size\nA1^12\nA2^8\n'],
  ])('is a table parted by %s', (_by, text) => {
    expect(parseCsv(text).blocks).toEqual([
      {
        kind: 'table',
        header: ['name', 'size'],
        rows: [
          ['A1', '12'],
          ['A2', '8'],
        ],
      },
    ]);
  });

  it('keeps decimal commas, line ends and quotation marks in cells', () => {
    expect(parseCsv('name;size;note\n"A ""1""";12,5;"two\nlines; and more"\nA2;8,25;\n').blocks).toEqual([
      {
        kind: 'table',
        header: ['name', 'size', 'note'],
        rows: [
          ['A "1"', '12,5', 'two lines; and more'],
          ['A2', '8,25', ''],
        ],
      },
    ]);
  });

  it('has no header where the first row is like the others', () => {
    expect(parseCsv('A1,12\nA2,8\n').blocks).toEqual([
      {
        kind: 'table',
        rows: [
          ['A1', '12'],
          ['A2', '8'],
        ],
      },
    ]);
  });

  it('takes lines above the table for text', () => {
    const { blocks } = parseCsv('Berths of 2024\n\nname,size,price\nA1,12,3\nA2,8,2\n');
    expect(blocks[0]).toEqual({ kind: 'text', text: 'Berths of 2024' });
    expect(blocks[1]).toMatchObject({ header: ['name', 'size', 'price'] });
  });

  it('does not let a quotation mark that is never closed swallow rows', () => {
    expect(parseCsv('name,note\nA1,"5 m wide\nA2,deep\n').blocks).toMatchObject([
      {
        rows: [
          ['A1', '"5 m wide'],
          ['A2', 'deep'],
        ],
      },
    ]);
  });
});

describe('JSON', () => {
  it('is a value a line, with its path and as it is written', () => {
    const text =
      '{"harbour":{"name":"North","depth":1.10,"id":12345678901234567890,"open":true,"tags":["lit","deep"],"none":[]}}';
    expect(parseJson(text).blocks).toEqual([
      {
        kind: 'code',
        text:
          'harbour.name: North\nharbour.depth: 1.10\nharbour.id: 12345678901234567890\nharbour.open: true\n' +
          'harbour.tags: lit, deep\nharbour.none: []',
      },
    ]);
  });

  it('has a table for objects that are alike, and indices for others', () => {
    const text =
      '{"berths":[{"name":"A1","at":{"x":1}},{"name":"A2","at":{"x":2}}],"other":[{"a":[{"b":1}]},[2,{"c":3}]]}';
    expect(parseJson(text).blocks).toEqual([
      {
        kind: 'table',
        caption: 'berths',
        header: ['name', 'at.x'],
        rows: [
          ['A1', '1'],
          ['A2', '2'],
        ],
      },
      { kind: 'code', text: 'other[0].a[0].b: 1\nother[1][0]: 2\nother[1][1].c: 3' },
    ]);
  });

  it('may have comments, commas at ends, and bare keys', () => {
    expect(parseJson('{ // settings\n "url": "http://a//b", /* x */ port: 80, "nan": NaN, }').blocks).toEqual(
      [{ kind: 'code', text: 'url: http://a//b\nport: 80\nnan: NaN' }],
    );
  });

  it('may be a value a line, without colours', () => {
    expect(
      parseJson('{"level":"info","text":"\\u001b[31mup\\u001b[0m"}\n{"level":"warn","text":"down"}\n').blocks,
    ).toEqual([
      {
        kind: 'table',
        header: ['level', 'text'],
        rows: [
          ['info', 'up'],
          ['warn', 'down'],
        ],
      },
    ]);
  });

  it('is taken line by line when it is damaged or nested too deeply', () => {
    for (const text of ['{"a": ', '[1, }', '['.repeat(5000)]) {
      expect(parseJson(text).blocks).toEqual([{ kind: 'code', text }]);
    }
    const deep = `${'['.repeat(5000)}1${']'.repeat(5000)}`;
    expect(parseJson(deep).blocks).toEqual([{ kind: 'code', text: deep }]);
  });

  it('has the text of pages in its values', () => {
    const post = {
      title: 'Hours',
      content: { rendered: '<p>Open <b>daily</b> 8&#8211;12.</p><ul><li>North</li></ul>' },
    };
    const text = parseJson(JSON.stringify(post)).blocks.map((block) => 'text' in block && block.text);
    expect(text.join('\n')).toContain('Open daily 8–12.\n\n- North');
    expect(text.join('\n')).not.toContain('<');
  });

  it('of a notebook gives its text, code and output', () => {
    const notebook = {
      nbformat: 4,
      cells: [
        { cell_type: 'markdown', source: ['# Tides\n', 'Heights.'] },
        {
          cell_type: 'code',
          source: 'print(1)',
          outputs: [
            { text: ['1\n'] },
            { data: { 'text/plain': 'two' } },
            { output_type: 'error', ename: 'ValueError', evalue: 'no depth', traceback: ['\x1b[31m...'] },
          ],
        },
      ],
    };
    expect(parseJson(JSON.stringify(notebook)).blocks.map((block) => 'text' in block && block.text)).toEqual([
      'Tides',
      'Heights.',
      'print(1)',
      '1\n',
      'two',
      'ValueError: no depth',
    ]);
  });

  it('loses no string of any value', () => {
    const words = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(
        fc.jsonValue({ stringUnit: 'binary-ascii', maxDepth: 4 }),
        fc.array(words),
        (value, list) => {
          const shown = JSON.stringify(parseJson(JSON.stringify({ value, list })).blocks);
          for (const word of list) expect(shown).toContain(word);
        },
      ),
    );
  });
});

describe('YAML', () => {
  it('keeps values as they are written, comments, and what aliases stand for', () => {
    const text =
      '# Harbour\nversion: 1.10\nopen: no\nweb: &web # the front\n  ports: ["80:80", 443]\n  # keep\n  run: |\n    first\n    second\ncopy: *web\n';
    expect(parseYaml(text).blocks.map((block) => 'text' in block && block.text)).toEqual([
      '# Harbour\nversion: 1.10\nopen: no',
      '# the front\nweb.ports: 80:80, 443\n# keep',
      'web.run:\nfirst\nsecond\n',
      'copy.ports: 80:80, 443\n# keep',
      'copy.run:\nfirst\nsecond\n',
    ]);
  });

  it('may be several documents', () => {
    expect(parseYaml('kind: A\n---\nkind: B\n').blocks).toEqual([
      { kind: 'code', text: 'kind: A' },
      { kind: 'code', text: 'kind: B' },
    ]);
  });

  it.each([
    ['damaged', 'a: "b\nc: [1'],
    ['nested too deeply', `${'- '.repeat(40_000)}a`],
    ['nested too deeply in brackets', '['.repeat(40_000)],
    ['an alias of itself', 'a: &a [*a]'],
    [
      'a bomb of aliases',
      `a0: &a0 [x, x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}`,
    ],
  ])('is taken line by line when it is %s', (_why, text) => {
    expect(parseYaml(text).blocks).toEqual([{ kind: 'code', text }]);
  });
});

it.each([
  [
    'a.ics',
    'BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART:20250301T090000\nSUMMARY:Dredging\\, north\nDESCRIPTION:One\\nand the har\n bour\nEND:VEVENT\nEND:VCALENDAR\n',
    'DTSTART: 20250301T090000\nSUMMARY: Dredging, north\nDESCRIPTION: One\nand the harbour',
  ],
  [
    'a.vcf',
    'BEGIN:VCARD\nVERSION:3.0\nFN:Ida Holm\nNOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Gr=C3=BC=C3=9Fe\nPHOTO;ENCODING=b:/9j/4AAQ\n SkZJRg\nEND:VCARD\n',
    'FN: Ida Holm\nNOTE: Grüße',
  ],
])('calendars and cards are lines without folds and escapes: %s', async (name, text, shown) => {
  expect(plainText(await parseDocument(utf8(text), { name }))).toEqual([shown]);
});
