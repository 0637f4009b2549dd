import { describe, expect, it } from 'vitest';
import { counted, plain } from '../../../../functions/cli/terminal.ts';

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
