import { describe, expect, it } from 'vitest';
import { lines } from '../../../support/office-files.ts';
import { box, line, parseSlides, shape, slide, slidePart } from '../../../support/slides.ts';

const text = (words: string, place = '') => shape(undefined, line(words), place);
const read = async (...shapes: string[]) => lines(await parseSlides([slide(...shapes)])).slice(1);

describe('the shapes of a slide', () => {
  it('come from top to bottom, then from left to right, whatever order they were made in', async () => {
    expect(
      await read(
        text('lower', box(500, 5000, 8000, 500)),
        text('upper right', box(5000, 1500, 4000, 1000)),
        text('upper left', box(500, 1530, 4000, 1000)),
        shape('title', line('Title'), box(500, 300, 8000, 800)),
      ),
    ).toEqual(['upper left', 'upper right', 'lower']);
  });

  it('come column after column where they stand beside something tall', async () => {
    expect(
      await read(
        text('note 2', box(6000, 3000, 3000, 900)),
        text('long text', box(500, 1500, 5000, 4500)),
        text('note 1', box(6000, 1490, 3000, 900)),
        text('note 3', box(6000, 4500, 3000, 900)),
      ),
    ).toEqual(['long text', 'note 1', 'note 2', 'note 3']);
  });

  it('come from the top where they lie over each other', async () => {
    expect(
      await read(
        text('third', box(3000, 2600, 4000, 2000)),
        text('second', box(1500, 1800, 4000, 2000)),
        text('first', box(500, 1000, 4000, 2000)),
      ),
    ).toEqual(['first', 'second', 'third']);
  });

  it('of a group stay together, and tables and pictures have their place', async () => {
    const group = `<p:grpSp><p:grpSpPr><a:xfrm>${box(500, 1000, 4000, 4000)}</a:xfrm></p:grpSpPr>${text('b', box(0, 500, 100, 100))}${text('a', box(0, 0, 100, 100))}</p:grpSp>`;
    const cells = `<a:tr><a:tc><a:txBody>${line('c')}</a:txBody></a:tc><a:tc><a:txBody>${line('d')}</a:txBody></a:tc></a:tr>`;
    const table = `<p:graphicFrame><p:xfrm>${box(5000, 1000, 4000, 1000)}</p:xfrm><a:graphic><a:tbl>${cells}</a:tbl></a:graphic></p:graphicFrame>`;
    const picture = `<p:pic><p:nvPicPr><p:cNvPr id="4" name="P" descr="A lamp"/></p:nvPicPr><p:spPr><a:xfrm>${box(5000, 2500, 400, 400)}</a:xfrm></p:spPr></p:pic>`;
    expect(await read(picture, table, group)).toEqual(['a', 'b', 'c | d', 'A lamp']);
  });

  it('stand where the layout or the master has them, unless they say so themselves', async () => {
    const holder = (attributes: string, words: string, place = '') =>
      shape('body', words === '' ? [] : line(words), place).replace('type="body"', attributes);
    const tree = (...shapes: string[]) => `<p:cSld><p:spTree>${shapes.join('')}</p:spTree></p:cSld>`;
    const content = await parseSlides(
      [
        slide(
          holder('type="body" idx="1"', 'of the master'),
          holder('idx="14"', 'lower, of the layout'),
          holder('idx="13"', 'upper, of the layout'),
          holder('idx="14"', 'moved to the top', box(500, 100, 8000, 300)),
        ),
      ],
      { l: ['slideLayout', '../slideLayouts/l.xml'] },
      {
        'ppt/slideLayouts/l.xml': slidePart(
          'p:sldLayout',
          tree(
            holder('type="body" idx="1"', ''),
            holder('idx="13"', '', box(500, 500, 8000, 900)),
            holder('idx="14"', '', box(500, 2000, 8000, 900)),
          ),
        ),
        'ppt/slideLayouts/_rels/l.xml.rels':
          '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="m" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/slideMaster" Target="../slideMasters/m.xml"/></Relationships>',
        'ppt/slideMasters/m.xml': slidePart(
          'p:sldMaster',
          tree(holder('type="body" idx="1"', '', box(500, 4000, 8000, 900))),
        ),
      },
    );
    expect(lines(content).slice(1)).toEqual([
      'moved to the top',
      'upper, of the layout',
      'lower, of the layout',
      'of the master',
    ]);
  });

  it('of no known place follow the shape before them', async () => {
    expect(
      await read(
        text('lower', box(500, 3000, 4000, 500)),
        text('after lower'),
        text('upper', box(500, 1000, 4000, 500)),
      ),
    ).toEqual(['upper', 'lower', 'after lower']);
  });
});
