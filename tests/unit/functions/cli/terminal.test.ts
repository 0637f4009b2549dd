import { describe, expect, it } from 'vitest';
import { plain } from '../../../../functions/cli/terminal.ts';

describe('plain', () => {
  it('shows terminal escapes as blanks and leaves every script as it is', () => {
    expect(plain('a\u001b[31mred\u0007\u009b2J')).toBe('a [31mred  2J');
    expect(plain('Grüße, 日本 😀\n\tzwei')).toBe('Grüße, 日本 😀\n\tzwei');
  });
});
