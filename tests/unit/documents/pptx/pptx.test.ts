import { describe, expect, it } from 'vitest';
import { lines } from '../../../support/office-files.ts';
import { line, parseSlides, shape, slide, slidePart } from '../../../support/slides.ts';

describe('a presentation', () => {
  it('has the titles of slides for headings, and slides for pages', async () => {
    const content = await parseSlides([
      slide(shape('ctrTitle', line('Tides')), shape('subTitle', line('A talk'))),
      slide(
        shape('body', [line('One'), line('Sub', 'lvl="1"'), line('Two')]),
        shape('title', line('Rules')),
        shape('sldNum', line('2')),
      ),
      slide(shape(undefined, line('Loose'))),
      slide(),
    ]);
    expect(content.title).toBe('Tides');
    expect(lines(content)).toEqual([
      '# Tides',
      'A talk',
      '## Rules',
      '- One\n  - Sub\n- Two',
      '## Slide 3',
      'Loose',
    ]);
    expect(content.blocks.map(({ page }) => page)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('numbers items, marks exponents, drops struck text, tells links', async () => {
    const number = '<a:buAutoNum type="alphaLcParenBoth" startAt="3"/>';
    const content = await parseSlides(
      [
        slide(
          shape('title', line('T')),
          shape(undefined, [line('open', number), line('shut', number)]),
          shape(
            undefined,
            `<a:p><a:r><a:t>m</a:t></a:r><a:r><a:rPr baseline="30000"/><a:t>2</a:t></a:r><a:r><a:rPr strike="sngStrike"/><a:t>old</a:t></a:r><a:br/><a:r><a:rPr><a:hlinkClick r:id="h"/></a:rPr><a:t>us</a:t></a:r></a:p>`,
          ),
        ),
      ],
      { h: ['hyperlink', 'mailto:us@lowe.example'] },
    );
    expect(lines(content)).toEqual(['## T', '(c) open\n(d) shut', 'm^2\nus (us@lowe.example)']);
  });

  it('has tables with merged cells, groups, pictures, notes, comments and a footer once', async () => {
    const cell = (text: string, merge = '') =>
      `<a:tc ${merge}><a:txBody>${text === '' ? '<a:p/>' : line(text)}</a:txBody></a:tc>`;
    const table = `<p:graphicFrame><a:graphic><a:tbl><a:tblPr firstRow="1"/><a:tr>${cell('Day')}${cell('Officer')}</a:tr><a:tr>${cell('Mon', 'rowSpan="2"')}${cell('Ekdal')}</a:tr><a:tr>${cell('', 'vMerge="1"')}${cell('Brandt')}</a:tr><a:tr>${cell('none', 'gridSpan="2"')}${cell('', 'hMerge="1"')}</a:tr></a:tbl></a:graphic></p:graphicFrame>`;
    const group = `<p:grpSp>${shape(undefined, line('In a group'))}</p:grpSp>`;
    const picture = '<p:pic><p:nvPicPr><p:cNvPr id="4" name="P" descr="A lamp"/></p:nvPicPr></p:pic>';
    const footer = shape('ftr', line('Town of Lowe'));
    const content = await parseSlides(
      [
        slide(shape('title', line('Rota')), table, group, picture, footer),
        slide(shape('title', line('End')), footer),
      ],
      { n: ['notesSlide', '../notesSlides/n1.xml'], c: ['comments', '../comments/c1.xml'] },
      {
        'ppt/notesSlides/n1.xml': slidePart(
          'p:notes',
          `<p:cSld><p:spTree>${shape('sldImg', [])}${shape('body', line('Speak slowly.'))}</p:spTree></p:cSld>`,
        ),
        'ppt/comments/c1.xml': slidePart('p:cmLst', '<p:cm><p:text>Really?</p:text></p:cm>'),
      },
    );
    expect(lines(content)).toEqual([
      '## Rota',
      'Day | Officer\nMon | Ekdal\nMon | Brandt\nnone',
      'In a group',
      'A lamp',
      'Notes: Speak slowly.',
      'Comment: Really?',
      'Town of Lowe',
      '## End',
    ]);
  });
});
