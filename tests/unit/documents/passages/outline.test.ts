import { describe, expect, it } from 'vitest';
import { outline } from '../../../../shared/documents/passages/outline.ts';
import type { Block } from '../../../../shared/documents/types.ts';
import { plainText } from '../../../support/document-fixtures.ts';

const heading = (text: string, level = 1): Block => ({ kind: 'heading', level, text });
const text = (text: string): Block => ({ kind: 'text', text });

describe('a title', () => {
  it.each([
    'Untitled',
    '(anonymous)',
    'Untitled-1',
    'Layout 1',
    'Microsoft Word - slipway.docx',
    'final_v2.indd',
    ' - ',
  ])('is not %j, which programs write', (title) => {
    expect(outline({ title, blocks: [heading('The slipway'), text('It is steep.')] }, 'file').title).toBe(
      'The slipway',
    );
  });

  it.each(['Node.js', 'Unknown soldiers', 'Page turners', 'Layout of the harbour'])('may be %j', (title) => {
    expect(outline({ title, blocks: [text('Text.')] }, 'file').title).toBe(title);
  });
});

describe('what a document says of itself', () => {
  it('is the first text of it', () => {
    const document = outline(
      { metadata: { author: 'Bo\nLindqvist', date: '' }, blocks: [text('Text.')] },
      'f',
    );
    expect(document.metadata).toEqual({ author: 'Bo Lindqvist' });
    expect(plainText(document)).toEqual(['author: Bo Lindqvist', 'Text.']);
  });
});

describe('a document without text', () => {
  it('has none because somebody is its author', () => {
    expect(plainText(outline({ metadata: { author: 'Bo Lindqvist' }, blocks: [] }, 'scan'))).toEqual([]);
  });
});

describe('text', () => {
  it('has no soft hyphens, control characters or characters without width', () => {
    const document = outline({ blocks: [text('Hafen\u00adord\u200bnung\u0007 \ufeffgilt')] }, 'f');
    expect(plainText(document)).toEqual(['Hafenordnung gilt']);
  });

  it('keeps the joiners that Persian and emoji need', () => {
    const kept = 'می\u200cخواهم 👩\u200d🚒';
    expect(plainText(outline({ blocks: [text(kept), text('a\u200db')] }, 'f'))).toEqual([kept, 'ab']);
  });
});

describe('a table', () => {
  it('has cells on one line, and no row of empty cells', () => {
    const rows = [
      ['9:00\n12:00', ' \u00ad'],
      [' ', ''],
    ];
    expect(plainText(outline({ blocks: [{ kind: 'table', header: ['', ''], rows }] }, 'f'))).toEqual([
      '9:00 12:00 | ',
    ]);
  });
});
