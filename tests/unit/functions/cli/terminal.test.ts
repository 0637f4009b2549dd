import { describe, expect, it } from 'vitest';
import { counted, plain, timeLeft } from '../../../../functions/cli/terminal.ts';

it('counts one thing in the singular', () => {
  expect([0, 1, 2].map((count) => counted(count, 'passage'))).toEqual([
    '0 passages',
    '1 passage',
    '2 passages',
  ]);
});

describe('plain', () => {
  it('shows terminal escapes as blanks and leaves every script as it is', () => {
    expect(plain('a\u001b[31mred\u0007\u009b2J')).toBe('a [31mred  2J');
    expect(plain('Grüße, 日本 😀\n\tzwei')).toBe('Grüße, 日本 😀\n\tzwei');
  });
});

describe('the time left', () => {
  it('follows from the pace so far, in seconds or minutes', () => {
    expect(timeLeft(100, 300, 10)).toBe(', 30 s left');
    expect(timeLeft(100, 3_000, 10)).toBe(', 5 min left');
  });

  it('is not told before there is a pace, nor at the end', () => {
    expect([timeLeft(100, 300, 1), timeLeft(0, 300, 10), timeLeft(400, 0, 10)]).toEqual(['', '', '']);
  });
});
