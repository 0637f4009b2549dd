import { describe, expect, it } from 'vitest';
import { parseDocx } from '../../../../shared/documents/docx/docx.ts';
import { formatNumber } from '../../../../shared/documents/office/numbers.ts';
import { item, lines, listLevel, paragraph, styled, wordFile } from '../../../support/office-files.ts';

const definition = (id: number, ...levels: string[]) =>
  `<w:abstractNum w:abstractNumId="${id}">${levels.join('')}</w:abstractNum>`;
const list = (numId: number, definitionId: number, overrides = '') =>
  `<w:num w:numId="${numId}"><w:abstractNumId w:val="${definitionId}"/>${overrides}</w:num>`;
const startAt = (level: number, start: number) =>
  `<w:lvlOverride w:ilvl="${level}"><w:startOverride w:val="${start}"/></w:lvlOverride>`;
const read = async (body: string, numbering: string, styles = '') =>
  lines(await parseDocx(await wordFile(body, { numbering, styles }), 'a.docx'));

const LEGAL = definition(
  0,
  listLevel(0, 'decimal', '%1'),
  listLevel(1, 'decimal', '%1.%2'),
  listLevel(2, 'lowerLetter', '(%3)'),
);

describe('automatic numbers', () => {
  it('count headings by level and start anew below the next', async () => {
    const body =
      item('Parties', 1, 0, 'heading1') +
      item('Duties', 1, 0, 'heading1') +
      item('Owner', 1, 1, 'heading2') +
      item('Tenant', 1, 1, 'heading2') +
      item('clear the snow', 1, 2) +
      item('lock the gate', 1, 2) +
      item('End', 1, 0, 'heading1') +
      item('Notice', 1, 1, 'heading2');
    expect(await read(body, LEGAL + list(1, 0))).toEqual([
      '# 1 Parties',
      '# 2 Duties',
      '## 2.1 Owner',
      '## 2.2 Tenant',
      '(a) clear the snow\n(b) lock the gate',
      '# 3 End',
      '## 3.1 Notice',
    ]);
  });

  it('come with the style of a paragraph, and are taken away by list 0', async () => {
    const styles =
      '<w:style w:type="paragraph" w:styleId="Clause"><w:name w:val="Clause"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>' +
      '<w:style w:type="paragraph" w:styleId="Sub"><w:name w:val="Sub"/><w:basedOn w:val="Clause"/></w:style>';
    const numbering =
      definition(
        0,
        listLevel(0, 'decimal', '§ %1'),
        listLevel(1, 'decimal', '%1.%2', '<w:pStyle w:val="Sub"/>'),
      ) + list(1, 0);
    const body =
      styled('Clause', 'Rent') +
      styled('Sub', 'Amount') +
      item('Plain', 0, 0, 'Clause') +
      styled('Clause', 'Term');
    expect(await read(body, numbering, styles)).toEqual(['§ 1 Rent\n  1.1 Amount', 'Plain', '§ 2 Term']);
  });

  it('go on after text between, start anew where an instance says so, and share a definition', async () => {
    const numbering =
      definition(0, listLevel(0, 'decimal', '%1.')) + list(1, 0) + list(2, 0, startAt(0, 1)) + list(3, 0);
    const body =
      item('a', 1) +
      paragraph('between') +
      item('b', 1) +
      paragraph('new') +
      item('c', 2) +
      paragraph('same') +
      item('d', 3);
    expect(await read(body, numbering)).toEqual(['1. a', 'between', '2. b', 'new', '1. c', 'same', '2. d']);
  });

  it('know legal numbers, levels that never start anew, other starts, and levels that are replaced', async () => {
    const numbering =
      definition(
        0,
        listLevel(0, 'upperRoman', '%1.').replace('w:start w:val="1"', 'w:start w:val="4"'),
        listLevel(1, 'decimal', '%1.%2', '<w:isLgl/><w:lvlRestart w:val="0"/>'),
      ) +
      list(1, 0) +
      list(2, 0, `<w:lvlOverride w:ilvl="0">${listLevel(0, 'upperLetter', 'Annex %1:')}</w:lvlOverride>`);
    const body =
      item('a', 1) + item('b', 1, 1) + item('c', 1) + item('d', 1, 1) + paragraph('-') + item('e', 2);
    expect(await read(body, numbering)).toEqual(['IV. a\n  4.1 b\nV. c\n  5.2 d', '-', 'Annex F: e']);
  });

  it('are found over a numbering style, and padded as a custom format says', async () => {
    const styles =
      '<w:style w:type="numbering" w:styleId="Own"><w:name w:val="Own"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>';
    const custom =
      '<w:lvl w:ilvl="0"><w:start w:val="7"/><mc:AlternateContent><mc:Choice Requires="w14"><w:numFmt w:val="custom" w:format="001, 002, 003, ..."/></mc:Choice><mc:Fallback><w:numFmt w:val="decimal"/></mc:Fallback></mc:AlternateContent><w:suff w:val="nothing"/><w:lvlText w:val="R%1-"/></w:lvl>';
    const numbering =
      '<w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="Own"/></w:abstractNum>' +
      definition(1, custom) +
      list(1, 0) +
      list(2, 1);
    expect(await read(item('pump', 1), numbering, styles)).toEqual(['R007-pump']);
  });

  it('are dashes in a list of bullets, boxes where the bullets are boxes to tick', async () => {
    const boxes = listLevel(1, 'bullet', '\uf0a8', '<w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr>');
    const numbering = definition(0, listLevel(0, 'bullet', '•'), boxes) + list(1, 0);
    const body = item('oars', 1) + item('two', 1, 1) + item('line<w:br/>', 1).replace('&lt;', '<');
    expect(
      await read(body.replace('line<w:br/></w:t>', 'line</w:t><w:br/><w:t>more</w:t>'), numbering),
    ).toEqual(['- oars\n  - [ ] two\n- line\n  more']);
  });
});

describe('formatNumber', () => {
  it.each([
    [4, 'lowerRoman', 'iv'],
    [1994, 'upperRoman', 'MCMXCIV'],
    [27, 'lowerLetter', 'aa'],
    [28, 'upperLetter', 'BB'],
    [3, 'decimalZero', '03'],
    [1, 'ordinal', '1st'],
    [12, 'ordinal', '12th'],
    [23, 'ordinal', '23rd'],
    [42, 'cardinalText', 'Forty-two'],
    [20, 'ordinalText', 'Twentieth'],
    [32, 'ordinalText', 'Thirty-second'],
    [105, 'chineseCountingThousand', '一百零五'],
    [10, 'chineseCounting', '十'],
    [7, 'decimalEnclosedCircle', '⑦'],
    [2, 'chicago', '†'],
    [0, 'lowerLetter', '0'],
    [5, 'none', ''],
    [5, 'unheardOf', '5'],
    [2_000_000_000, 'upperRoman', '2000000000'],
  ])('writes %i as %s: %s', (value, format, text) => {
    expect(formatNumber(value, format)).toBe(text);
  });
});
