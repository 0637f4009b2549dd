import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PromptLookup } from '../../../shared/attention/drafts.ts';

/** The draft after a prompt and an answer so far. */
function draft(prompt: number[], answer: number[], room = 8): number[] {
  const lookup = new PromptLookup([Uint32Array.from(prompt)], answer.length + room);
  for (const token of answer) lookup.push(token);
  return [...lookup.draft(room)];
}

describe('prompt lookup', () => {
  test('drafts what stood behind the longest match, and more the longer it is', () => {
    const passage = [1, 2, 3, 4, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59];
    expect(draft([...passage, 99], [1, 2, 3, 4])).toEqual([50, 51, 52, 53, 54, 55, 56, 57]);
    expect(draft([...passage, 99], [2, 3, 4])).toEqual([50, 51, 52, 53, 54, 55]);
    expect(draft([...passage, 99], [3, 4])).toEqual([50, 51, 52, 53]);
    // A longer match counts more than a newer one.
    expect(draft([1, 2, 3, 7, 7, 2, 3, 8, 99], [1, 2, 3], 1)).toEqual([7]);
  });

  test('takes the newest of equal matches, over the borders of blocks and in the answer itself', () => {
    expect(draft([1, 2, 7, 1, 2, 8, 99], [1, 2], 1)).toEqual([8]);
    expect(draft([1, 2, 7, 99], [1, 2, 5, 1, 2], 1)).toEqual([5]);
    const lookup = new PromptLookup([Uint32Array.of(9, 1), Uint32Array.of(2, 6, 5)], 3);
    for (const token of [1, 2]) lookup.push(token);
    expect([...lookup.draft(2)]).toEqual([6, 5]);
  });

  test('makes no draft from one token, from nothing, or without room', () => {
    expect(draft([1, 2, 3, 4, 99], [2])).toEqual([]);
    expect(draft([], [5])).toEqual([]);
    expect(draft([1, 2, 3], [1, 2], 0)).toEqual([]);
  });

  test('goes on with itself where the match is the end of what is said', () => {
    expect(draft([9], [1, 2, 3, 1, 2, 3])).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test('ends when fewer than 30 % of what it drafted were right, and not before 16', () => {
    const lookup = new PromptLookup([Uint32Array.of(1, 2, 3, 4, 5, 1, 2)], 8);
    lookup.checked(15, 0);
    expect(lookup.draft(8)).toHaveLength(4);
    lookup.checked(1, 0);
    expect(lookup.draft(8)).toHaveLength(0);
    lookup.checked(4, 6);
    expect(lookup.draft(8)).toHaveLength(4);
  });

  test('asks each time whether it may', () => {
    let may = true;
    const lookup = new PromptLookup([Uint32Array.of(1, 2, 3, 1, 2)], 8, () => may);
    expect(lookup.draft(1)).toHaveLength(1);
    may = false;
    expect(lookup.draft(1)).toHaveLength(0);
  });

  test('every draft stood behind the same two tokens before', () => {
    const tokens = fc.array(fc.nat(3), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(tokens, fc.integer({ min: 1, max: 8 }), (prompt, room) => {
        const given = draft(prompt, [], room);
        const said = prompt.join(',');
        const [before, last] = prompt.slice(-2);
        if (given.length > 0) expect(`,${said},`).toContain(`,${before},${last},${given[0]},`);
        else expect(`,${prompt.slice(0, -1).join(',')},`).not.toContain(`,${before},${last},`);
        expect(given.length).toBeLessThanOrEqual(room);
      }),
    );
  });
});
