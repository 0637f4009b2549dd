import { describe, expect, it } from 'vitest';
import { parseDocx } from '../../../../shared/documents/docx/docx.ts';
import {
  cleanLines,
  lines,
  NAMESPACES,
  paragraph,
  run,
  styled,
  table,
  type WordParts,
  wordFile,
} from '../../../support/office-files.ts';

const read = async (body: string, parts?: WordParts) =>
  lines(await parseDocx(await wordFile(body, parts), 'a.docx'));
const box = (properties: string, content = run('☐')) =>
  `<w:sdt><w:sdtPr>${properties}</w:sdtPr><w:sdtContent>${content}</w:sdtContent></w:sdt>`;
const sign = (type: string, inside = '') =>
  `<w:r><w:fldChar w:fldCharType="${type}">${inside}</w:fldChar></w:r>`;
const code = (text: string) => `<w:r><w:instrText xml:space="preserve">${text}</w:instrText></w:r>`;
const field = (text: string, result: string, form = '') =>
  sign('begin', form) + code(text) + (result === '' ? '' : sign('separate') + result) + sign('end');

describe('ticks', () => {
  it('are read from content controls, old form fields, symbol fonts and ballot boxes', async () => {
    const checked = '<w14:checkbox><w14:checked w14:val="1"/></w14:checkbox>';
    const unchecked = '<w14:checkbox><w14:checked w14:val="0"/></w14:checkbox>';
    const form = (state: string) =>
      `<w:ffData><w:checkBox><w:default w:val="0"/>${state}</w:checkBox></w:ffData>`;
    const symbol = (font: string, char: string) => `<w:r><w:sym w:font="${font}" w:char="${char}"/></w:r>`;
    const body = [
      box(checked) + run(' Hull'),
      box(unchecked) + run(' Engine'),
      field(' FORMCHECKBOX ', '', form('<w:checked/>')) + run('Oars'),
      field(' FORMCHECKBOX ', '', form('')) + run('Sails'),
      symbol('Wingdings', 'F0FE') + run(' Ropes') + symbol('Wingdings', 'F0A8') + run(' Lamps'),
      symbol('Wingdings 2', 'F052') + run(' Radio'),
      run('þ', '<w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/>') + run(' Flares'),
      run('Yes ☒ No ☐'),
    ].map((content) => paragraph(content));
    expect(await read(body.join(''))).toEqual([
      '[x] Hull',
      '[ ] Engine',
      '[x] Oars',
      '[ ] Sails',
      '[x] Ropes [ ] Lamps',
      '[x] Radio',
      '[x] Flares',
      'Yes [x] No [ ]',
    ]);
  });

  it('are read in the cells of a table', async () => {
    const checked = box('<w14:checkbox><w14:checked w14:val="1"/></w14:checkbox>');
    const unchecked = box('<w14:checkbox><w14:checked w14:val="0"/></w14:checkbox>');
    const rows = [
      ['Item', 'Passed', 'Failed'],
      ['Pump', paragraph(unchecked), paragraph(checked)],
    ];
    expect(await read(table(rows))).toEqual(['Item | Passed | Failed\nPump | [ ] | [x]']);
  });
});

describe('fields and controls', () => {
  it('show results and not codes, over several paragraphs and in each other', async () => {
    const inner = field(' DATE ', run('3 May'));
    const body =
      paragraph(run('Sailed on ') + field(' IF 1 = 1 ', run('Friday, ') + inner) + run('.')) +
      paragraph(sign('begin') + code(' TOC ') + sign('separate') + run('One')) +
      paragraph(run('Two') + sign('end')) +
      paragraph('<w:fldSimple w:instr=" AUTHOR "><w:r><w:t>Bo</w:t></w:r></w:fldSimple>');
    expect(await read(body)).toEqual(['Sailed on Friday, 3 May.', 'One', 'Two', 'Bo']);
  });

  it('show the chosen entry of a list, old and new, and old equations', async () => {
    const list =
      '<w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/><w:listEntry w:val="green"/></w:ddList></w:ffData>';
    const body =
      paragraph(run('Light: ') + field(' FORMDROPDOWN ', '', list)) +
      paragraph(run('Side: ') + box('<w:dropDownList/>', run('port'))) +
      paragraph(run('Share: ') + field(' EQ \\f(1,2) ', ''));
    expect(await read(body)).toEqual(['Light: green', 'Side: port', 'Share: 1/2']);
  });

  it('tell targets of links that their text does not show', async () => {
    const links = {
      r1: ['hyperlink', 'mailto:pilots@lowe.example?subject=x'],
      r2: ['hyperlink', 'https://lowe.example/tides'],
      r3: ['hyperlink', 'tel:+47555123'],
    } as const;
    const body =
      paragraph(`${run('Ask ')}<w:hyperlink r:id="r1">${run('the pilots')}</w:hyperlink>${run('.')}`) +
      paragraph(`<w:hyperlink r:id="r2">${run('lowe.example/tides')}</w:hyperlink>`) +
      paragraph(`<w:hyperlink r:id="r3">${run('the office')}</w:hyperlink>`) +
      paragraph(`<w:hyperlink w:anchor="top">${run('top')}</w:hyperlink>`) +
      paragraph(field(' HYPERLINK "https://lowe.example" \\h ', run('our page')));
    expect(await read(body, { links })).toEqual([
      'Ask the pilots (pilots@lowe.example).',
      'lowe.example/tides',
      'the office (+47555123)',
      'top',
      'our page (https://lowe.example)',
    ]);
  });
});

describe('text', () => {
  it('has changes accepted: what is deleted or moved away is out, paragraphs whose ends are deleted go on', async () => {
    const body =
      paragraph(
        `${run('Rent is ')}<w:del><w:r><w:delText>90</w:delText></w:r></w:del><w:ins>${run('120')}</w:ins>${run(' crowns.')}`,
      ) +
      paragraph(`<w:moveFrom>${run('Moved.')}</w:moveFrom>`) +
      paragraph(`<w:moveTo>${run('Moved.')}</w:moveTo>`) +
      paragraph('Two', '<w:rPr><w:del/></w:rPr>') +
      paragraph('in one.');
    expect(await read(body)).toEqual(['Rent is 120 crowns.', 'Moved.', 'Two in one.']);
  });

  it('is without what is hidden or struck, by itself or by its style', async () => {
    const styles =
      '<w:style w:type="character" w:styleId="Secret"><w:name w:val="Secret"/><w:rPr><w:vanish/></w:rPr></w:style>' +
      '<w:style w:type="character" w:styleId="More"><w:basedOn w:val="Secret"/></w:style>';
    const body = paragraph(
      run('a') +
        run('b', '<w:vanish/>') +
        run('c', '<w:rStyle w:val="More"/>') +
        run('d', '<w:strike/>') +
        run('e', '<w:rStyle w:val="More"/><w:vanish w:val="0"/>') +
        run('f', '<w:strike w:val="false"/>'),
    );
    expect(await read(body, { styles })).toEqual(['aef']);
  });

  it('marks superscripts and subscripts, of several runs too, and leaves ordinals', async () => {
    const up = '<w:vertAlign w:val="superscript"/>';
    const down = '<w:vertAlign w:val="subscript"/>';
    const body = paragraph(
      run('10') +
        run('-', up) +
        run('6', up) +
        run(' m') +
        run('2', up) +
        run(', H') +
        run('2', down) +
        run('O, x') +
        run('n + 1', down) +
        run(', 1') +
        run('st', up),
    );
    expect(await read(body)).toEqual(['10^-6 m^2, H_2O, x_(n + 1), 1st']);
  });

  it('keeps tabs, breaks and hyphens, drops soft hyphens, and reads symbols', async () => {
    const body = paragraph(
      '<w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>long</w:t><w:noBreakHyphen/><w:t>boat, water</w:t><w:softHyphen/><w:t>line </w:t><w:sym w:font="Symbol" w:char="F061"/></w:r>',
    );
    expect(await read(body)).toEqual(['one\ttwo\nlong-boat, waterline α']);
  });

  it('has text boxes once, after their paragraph, and texts of pictures', async () => {
    const inside = `<w:txbxContent>${paragraph('In the box')}</w:txbxContent>`;
    const shape = `<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:inline><wp:docPr id="1" name="Box 1"/><a:graphic><wps:txbx>${inside}</wps:txbx></a:graphic></wp:inline></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>${inside}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent>`;
    const picture =
      '<w:drawing><wp:inline><wp:docPr id="2" name="Picture 2" descr="A lamp. Description automatically generated"/></wp:inline></w:drawing>';
    const body =
      paragraph(`${run('Before')}<w:r>${shape}</w:r>${run(' and after')}`) +
      paragraph(`<w:r>${picture}</w:r>`);
    expect(await read(body)).toEqual(['Before and after', 'In the box', 'A lamp.']);
  });

  it('reads the strict variant of the format and parts in UTF-16', async () => {
    const strict = NAMESPACES.replaceAll(
      'http://schemas.openxmlformats.org/',
      'http://purl.oclc.org/ooxml/',
    ).replaceAll('/2006/', '/');
    const bytes = await wordFile('', {
      files: {
        'word/document.xml': `<w:document ${strict}><w:body>${styled('Title', 'Strict')}${paragraph('text')}</w:body></w:document>`,
      },
    });
    expect(lines(await parseDocx(bytes, 'a.docx'))).toEqual(['# Strict', 'text']);
  });
});

describe('headings', () => {
  it('stand below the title, which may have two lines', async () => {
    const body =
      styled('Title', 'Lease of') +
      styled('Title', 'the boathouse') +
      styled('heading1', 'Duties') +
      styled('heading2', 'Owner') +
      paragraph('Roof.') +
      paragraph('By level', '<w:outlineLvl w:val="0"/>');
    const bytes = await wordFile(body);
    const content = await parseDocx(bytes, 'a.docx');
    expect(content.title).toBe('Lease of the boathouse');
    expect(lines(content)).toEqual([
      '# Lease of the boathouse',
      '## Duties',
      '### Owner',
      'Roof.',
      '## By level',
    ]);
  });

  it('are what styles based on theirs say', async () => {
    const styles =
      '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="heading2"/></w:style>';
    expect(await read(styled('Mine', 'Own') + paragraph('x'), { styles })).toEqual(['## Own', 'x']);
  });

  it('keep code and tables of contents as they are', async () => {
    const content = await parseDocx(
      await wordFile(
        styled('HTMLPreformatted', run('if x:')) +
          styled('HTMLPreformatted', run('    y()')) +
          styled('toc1', 'One 1') +
          styled('toc1', 'Two 2') +
          table([['a', 'b']]),
      ),
      'a.docx',
    );
    expect(content.blocks).toMatchObject([
      { kind: 'code', text: 'if x:\n    y()' },
      { kind: 'text', text: 'One 1\nTwo 2' },
      { kind: 'table', rows: [['a', 'b']] },
    ]);
    expect(cleanLines(content)).toHaveLength(3);
  });

  it('take lines in a font for code, with its signs, for code', async () => {
    const mono = (text: string) => paragraph(run(text, '<w:rFonts w:ascii="Courier New"/>'));
    const { blocks } = await parseDocx(
      await wordFile(
        mono('A memo in an old typeface.') + mono('def f(n):') + mono('    return n') + paragraph('End'),
      ),
      'a.docx',
    );
    expect(blocks).toEqual([
      { kind: 'text', text: 'A memo in an old typeface.' },
      { kind: 'code', text: 'def f(n):\n    return n' },
      { kind: 'text', text: 'End' },
    ]);
  });
});
