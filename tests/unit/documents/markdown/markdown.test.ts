import { describe, expect, it } from 'vitest';
import { parseMarkdown } from '../../../../shared/documents/markdown/markdown.ts';
import { blockText } from '../../../../shared/documents/passages/pieces.ts';

const read = (markdown: string) =>
  parseMarkdown(markdown).blocks.map((block) =>
    block.kind === 'heading' ? `${'#'.repeat(block.level)} ${block.text}` : blockText(block),
  );

describe('front matter', () => {
  it('is the title, and metadata as it is written', () => {
    const head =
      'title: Berths\ndate: 2025-02-11\nversion: 1.10\ntags: [winter, ice]\nauthor:\n  name: Ida\nnone:\n';
    expect(parseMarkdown(`---\n${head}---\n\nText.\n`)).toEqual({
      title: 'Berths',
      metadata: { date: '2025-02-11', version: '1.10', tags: 'winter, ice', 'author.name': 'Ida' },
      blocks: [{ kind: 'text', text: 'Text.' }],
    });
  });

  it('may be TOML', () => {
    expect(
      parseMarkdown('+++\ntitle = "Berths"\ndate = 2024-05-01\ntags = ["a", "b"]\n+++\nText.'),
    ).toMatchObject({
      title: 'Berths',
      metadata: { date: '2024-05-01', tags: 'a, b' },
    });
  });

  it('is read line by line when it is broken', () => {
    const { title, metadata } = parseMarkdown('---\ntitle: Berths: the rules\nauthor: "Ida"\n---\nText.');
    expect({ title, metadata }).toEqual({ title: 'Berths: the rules', metadata: { author: 'Ida' } });
  });

  it('is none between two rules', () => {
    expect(read('---\nJust a text.\n\n---\nMore.')).toEqual(['Just a text.', 'More.']);
  });

  it('does not expand without end', () => {
    const bomb = [
      'a: &a [x, x]',
      ...Array.from(
        { length: 30 },
        (_, i) => `b${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`}, *${i === 0 ? 'a' : `b${i - 1}`}]`,
      ),
    ];
    expect(JSON.stringify(parseMarkdown(`---\n${bomb.join('\n')}\n---\nText.`)).length).toBeLessThan(10_000);
  });
});

describe('Markdown', () => {
  it.each([
    ['headings of both kinds', 'Berths\n======\n\n## Ropes #\n\nText.', ['# Berths', '## Ropes', 'Text.']],
    ['lists in lists', '- a\n  1. b\n  2. c\n- d', ['- a\n  1. b\n  2. c\n- d']],
    ['ticks', '- [x] paint\n- [ ] anchor\n- [X] radio', ['- [x] paint\n- [ ] anchor\n- [x] radio']],
    ['code in items', '1. a\n\n   ```sh\n   b  c\n   ```\n2. d', ['1. a', 'b  c', '2. d']],
    ['indented code', 'a\n\n    b *c*\n', ['a', 'b *c*']],
    ['quotes in quotes', '> a\n> > b\n> - c', ['a', 'b', '- c']],
    ['struck text out', 'costs ~~480~~ 520 crowns', ['costs 520 crowns']],
    ['breaks', 'a  \nb\\\nc<br>d\ne', ['a\nb\nc\nd e']],
    [
      'links',
      '[a][r], <b@c.example> and <https://d.example>\n\n[r]: https://e.example/f "t"',
      ['a (https://e.example/f), b@c.example and https://d.example'],
    ],
    [
      'pictures',
      '![A *red* buoy](a.png) [![Build](b.svg)](https://ci.example)',
      ['A red buoy Build (https://ci.example)'],
    ],
    [
      'emoji codes, and letters that only look like marks',
      ':ship: 2 * 3 * 4 snake_case_name',
      [':ship: 2 * 3 * 4 snake_case_name'],
    ],
    [
      'formulas',
      'For $a_1 * b * c$ and \\(x*y*z\\) pay $5 or $6.',
      ['For $a_1 * b * c$ and \\(x*y*z\\) pay $5 or $6.'],
    ],
    ['formulas of their own', '$$\na \\\\ b\n*c*\n$$\n\nText.', ['$$\na \\\\ b\n*c*\n$$', 'Text.']],
    [
      'wiki links',
      'See [[Berths]] and [[Ropes#New|the ropes]], [[1](https://a.example)].',
      ['See Berths and the ropes, [1 (https://a.example)].'],
    ],
    ['placeholders', 'ssh <host> -p <port> <b>now</b>', ['ssh <host> -p <port> now']],
    ['alerts', '> [!WARNING]\n> Ice.\n', ['Warning: Ice.']],
    ['alerts with titles', '> [!note]- Winter\n> Ice.\n', ['Note: Winter\nIce.']],
    ['containers', ':::tip Winter\nIce.\n:::\n\n::: columns\nText.\n:::', ['Tip: Winter', 'Ice.', 'Text.']],
    [
      'admonitions',
      '!!! note "Winter"\n    Ice.\n\n    - more\n\nText.',
      ['Note: Winter', 'Ice.', '- more', 'Text.'],
    ],
    ['tabs', '=== "Linux"\n\n    ```\n    apt\n    ```\n', ['Linux', 'apt']],
    ['comments out', 'a <!-- b --> c\n\n<!--\nd\n-->\n\ne', ['a c', 'e']],
  ])('reads %s', (_what, markdown, expected) => {
    expect(read(markdown)).toEqual(expected);
  });

  it('puts footnotes after the block that refers to them', () => {
    const markdown =
      'One[^a] and two[^b].\n\nNext.\n\n[^a]: First\n    goes on.\n[^b]:\n    - list\n[^c]: unused\n';
    expect(read(markdown)).toEqual([
      'One [1] and two [2].',
      '[1] First goes on.',
      '[2] - list',
      'Next.',
      'unused',
    ]);
  });

  it('knows the header of a table', () => {
    expect(
      parseMarkdown('| Day | Hours |\n|---|:-:|\n| Mon | 9<br>12 |\n| *Tue* | x \\| y |').blocks,
    ).toEqual([
      {
        kind: 'table',
        caption: undefined,
        header: ['Day', 'Hours'],
        rows: [
          ['Mon', '9 12'],
          ['Tue', 'x | y'],
        ],
      },
    ]);
  });
});

describe('HTML in Markdown', () => {
  it('is parsed as a whole: rows with blank lines between them are rows', () => {
    expect(
      read(
        '<table>\n\n<tr>\n\n<td>Mon</td>\n\n<td>*Ida*</td>\n\n</tr>\n\n<tr><td>Tue</td><td>Bo</td></tr>\n\n</table>',
      ),
    ).toEqual(['Mon | *Ida*\nTue | Bo']);
  });

  it('encloses Markdown', () => {
    const markdown =
      '<details><summary>More</summary>\n\n- a\n- **b**\n\n</details>\n\n<dl><dt>T</dt><dd>d</dd></dl>\n\nm<sup>3</sup>';
    expect(read(markdown)).toEqual(['More', '- a\n- b', 'T: d', 'm^3']);
  });
});

describe('what is for programs', () => {
  it('is left out: ids and classes of headings, and imports of MDX', () => {
    const markdown = `import Tabs from '@theme/Tabs';

# Berths {#berths .wide}

Free in May.
{: .note }

## The set {1, 2}

You may
import boats from 'abroad'
at any time.

\`\`\`js
import a from 'b';
\`\`\``;
    expect(read(markdown)).toEqual([
      '# Berths',
      'Free in May.',
      '## The set {1, 2}',
      "You may import boats from 'abroad' at any time.",
      "import a from 'b';",
    ]);
  });
});

it('lines of names and values above the text are front matter without fences', () => {
  expect(parseMarkdown('Title: Rates\nDate: 2024-01-02\nAuthor: Ada\n\nText.')).toMatchObject({
    title: 'Rates',
    metadata: { date: '2024-01-02', author: 'Ada' },
    blocks: [{ kind: 'text', text: 'Text.' }],
  });
  expect(read('Note: the ferry\nleaves at: noon\n\nText.')).toEqual([
    'Note: the ferry leaves at: noon',
    'Text.',
  ]);
});

it('a table that is drawn with lines is one', () => {
  const markdown = `+:-----+-----------+
| Port | Depth     |
+======+===========+
| Lowe | **9** m   |
|      | dredged   |
+------+-----------+
| Orre | a & b     |
+------+-----------+

+ an item`;
  expect(read(markdown)).toEqual(['Port | Depth\nLowe | 9 m dredged\nOrre | a & b', '- an item']);
});

it('definitions stand on lines of their own', () => {
  expect(read('Draught\n: 3 m\n: 4 m when laden')).toEqual(['Draught\n: 3 m\n: 4 m when laden']);
});

describe('hostile Markdown', () => {
  it.each([
    ['lists', '- '.repeat(20_000)],
    ['quotes', '> '.repeat(20_000)],
    ['lists and quotes', '- > '.repeat(10_000)],
  ])('is refused when %s are nested too deeply', (_what, markdown) => {
    expect(() => parseMarkdown(`${markdown}deep`)).toThrow(
      expect.objectContaining({ code: 'document_too_complex' }),
    );
  });

  it.each([
    ['marks', '*a_'.repeat(100_000)],
    ['comments', '<!-- a -->\n'.repeat(50_000)],
    ['brackets', '['.repeat(100_000)],
    ['links', '[a](b'.repeat(50_000)],
    ['pictures', '![](<'.repeat(50_000)],
    ['formulas', '$$a\n'.repeat(50_000)],
    ['footnotes', `[^a]: x\n\n${'[^a'.repeat(50_000)}`],
    ['containers', ':::note\n'.repeat(20_000)],
    ['one paragraph', 'a word\n'.repeat(200_000)],
  ])('is read to its end after many %s', (_what, markdown) => {
    expect(read(`${markdown}\n\nThe end.`).some((text) => text.endsWith('The end.'))).toBe(true);
  });

  it('keeps lists within lists down to a depth that people write', () => {
    const markdown = Array.from({ length: 40 }, (_, i) => `${'  '.repeat(i)}- level ${i}`).join('\n');
    expect(read(markdown)[0]).toMatch(/^- level 0\n {2}- level 1\n[\s\S]*- level 39$/);
  });
});
