import { describe, expect, it } from 'vitest';
import { findPassage } from '../../../../functions/console/viewer/highlight.ts';

/** What would be marked, piece by piece. */
const marked = (pieces: string[], passage: string) =>
  findPassage(pieces, passage).ranges.map(({ piece, start, end }) => pieces[piece]!.slice(start, end));

describe('the words of a passage on a page', () => {
  it('are found across lines, hyphens and ligatures, with the signs between them', () => {
    const pieces = ['Head of page', 'Two wind tur-', 'bines of 150 kW, each on the', '', 'ﬁrst ridge. End.'];
    const passage = 'Two wind turbines of 150 kW, each on the first ridge.';
    expect(marked(pieces, passage)).toEqual(['Two wind tur', 'bines of 150 kW, each on the', 'ﬁrst ridge']);
    expect(findPassage(pieces, passage).share).toBe(1);
  });

  it('are the part that is on this page, of a passage that goes on', () => {
    const { ranges, share } = findPassage(
      ['the last words of a page that ends here'],
      'These are not there. The last words of a page that ends here and goes on elsewhere for long',
    );
    expect(ranges).toHaveLength(1);
    expect(share).toBeGreaterThan(0.3);
    expect(share).toBeLessThan(0.6);
  });

  it('are those that follow the ones before, where they come more than once', () => {
    const pieces = ['see the table below now', 'One two three four five.', 'see the table below now'];
    expect(marked(pieces, 'One two three four five. See the table below now')).toEqual([
      'One two three four five',
      'see the table below now',
    ]);
    expect(findPassage(pieces, 'One two three four five. See the table below now').ranges[1]!.piece).toBe(2);
  });

  it('are none for a passage that is not there, or holds no words', () => {
    expect(findPassage(['Some text of a page'], 'Entirely other words than those')).toEqual({
      ranges: [],
      share: 0,
    });
    expect(findPassage(['Some text'], '!?')).toEqual({ ranges: [], share: 0 });
    expect(findPassage([], 'Words')).toEqual({ ranges: [], share: 0 });
  });

  it('are found in a short passage and in other scripts', () => {
    expect(marked(['前の文。山の上に灯台がある。後の文。'], '山の上に灯台がある')).toEqual([
      '山の上に灯台がある',
    ]);
    expect(marked(['Price: 9 euros'], '9 euros')).toEqual(['9 euros']);
  });
});
