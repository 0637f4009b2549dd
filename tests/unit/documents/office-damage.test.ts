import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocx } from '../../../shared/documents/docx/docx.ts';
import { parseEpub } from '../../../shared/documents/epub.ts';
import { parseOdf } from '../../../shared/documents/odf/odf.ts';
import { parseXml } from '../../../shared/documents/office/xml.ts';
import { parsePptx } from '../../../shared/documents/pptx/pptx.ts';
import { parseXlsx } from '../../../shared/documents/xlsx/xlsx.ts';
import { isBlockragError } from '../../../shared/errors.ts';
import { fixture, utf8 } from '../../support/document-fixtures.ts';
import {
  item,
  listLevel,
  NAMESPACES,
  paragraph,
  relationships,
  run,
  styled,
  table,
  wordFile,
  zipped,
} from '../../support/office-files.ts';

const PARSERS = { parseDocx, parseXlsx, parsePptx, parseEpub, parseOdf };
const guide = fixture('guide.docx');

/** Reads, or fails with an error of ours. */
async function survives(bytes: Uint8Array): Promise<void> {
  for (const parse of Object.values(PARSERS)) {
    try {
      expect((await parse(bytes, 'a')).blocks).toBeInstanceOf(Array);
    } catch (error) {
      if (!isBlockragError(error)) throw error;
    }
  }
}

/** Parts of all formats with what their readers look for. */
const XML = [
  paragraph(
    `${run('a', '<w:vertAlign w:val="superscript"/>')}<w:hyperlink r:id="x">${run('b')}</w:hyperlink>`,
  ),
  styled('heading1', 'Head') + item('one', 1) + item('two', 1, 1),
  table([
    ['A', 'B', 'C'],
    ['<w:vMerge w:val="restart"/>|1', '<w:gridSpan w:val="2"/>|2'],
    ['<w:vMerge/>|', '3', '4'],
  ]),
  '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK "http://a"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>x</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>',
  '<w:p><m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den/></m:f><m:nary><m:e/></m:nary><m:m><m:mr/></m:m></m:oMath></w:p>',
  '<w:p><w:r><w:sym w:font="Wingdings" w:char="F0FE"/><w:footnoteReference w:id="1"/><w:commentReference/></w:r></w:p>',
].join('');
const NUMBERING = `<w:abstractNum w:abstractNumId="0">${listLevel(0, 'upperRoman', '%1.')}${listLevel(1, 'ordinalText', '%2')}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>`;

/** XML with tags left out, put twice or exchanged, and values that are something else. */
const damagedXml = fc
  .array(fc.record({ at: fc.nat(), from: fc.nat(), kind: fc.constantFrom('drop', 'copy', 'value') }), {
    maxLength: 4,
  })
  .chain((changes) =>
    fc.constantFrom('-1', '99999999999', 'x', '', '1e400', '\u{1f600}').map((value) => ({ changes, value })),
  )
  .map(({ changes, value }) => {
    const elements = XML.match(/<[^<]*/g)!;
    for (const { at, from, kind } of changes) {
      const i = at % elements.length;
      if (kind === 'drop') elements.splice(i, 1);
      else if (kind === 'copy') elements.splice(i, 0, elements[from % elements.length]!);
      else elements[i] = elements[i]!.replace(/"[^"]*"/g, `"${value}"`);
    }
    return elements.join('');
  });

describe('a damaged file is read or refused', () => {
  it('whatever bytes are changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(guide.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (changes) => {
          const bytes = Uint8Array.from(guide);
          for (const [at, value] of changes) bytes[at] = value;
          await survives(bytes);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(guide.length - 1), async (length) => survives(guide.subarray(0, length))),
      { numRuns: 30 },
    );
  });

  it('whatever stands in its parts', async () => {
    await fc.assert(
      fc.asyncProperty(damagedXml, damagedXml, async (body, notes) => {
        await survives(
          await wordFile(body, {
            numbering: NUMBERING,
            footnotes: `<w:footnote w:id="1">${notes}</w:footnote>`,
          }),
        );
      }),
      { numRuns: 150 },
    );
  });

  it.each(['xl/workbook.xml', 'ppt/presentation.xml'])('whatever %s is', async (main) => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        await survives(
          await zipped({ '_rels/.rels': relationships({ main: ['officeDocument', main] }), [main]: text }),
        );
      }),
      { numRuns: 20 },
    );
  });
});

describe('parseXml', () => {
  it('expands no entities of a document type', () => {
    const bomb =
      '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>&b;&c;</a>';
    expect(() => parseXml(utf8(bomb))).toThrow(/entity/);
  });

  it('refuses what is nested too deeply', async () => {
    const deep = '<w:sdt><w:sdtContent>'.repeat(5000) + '</w:sdtContent></w:sdt>'.repeat(5000);
    expect(() => parseXml(utf8(`<a ${NAMESPACES}>${deep}</a>`))).toThrow(/nested too deeply/);
    await expect(parseDocx(await wordFile(deep), 'a.docx')).rejects.toMatchObject({
      code: 'document_too_complex',
    });
  });

  it('can be walked at the depth that it allows', async () => {
    const deep = table([['x']]).replace('</w:p></w:tc>', '</w:p>NEXT</w:tc>');
    let xml = paragraph('inside');
    for (let i = 0; i < 90; i++) xml = deep.replace('NEXT', xml);
    expect((await parseDocx(await wordFile(xml), 'a.docx')).blocks).toHaveLength(91);
  });
});
