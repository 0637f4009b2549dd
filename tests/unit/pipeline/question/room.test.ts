import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Turn } from '../../../../shared/model/prompt.ts';
import {
  checkLength,
  checkSystem,
  fitTurns,
  newestTurns,
  reserveFor,
} from '../../../../shared/pipeline/question/room.ts';

/** Alternating turns of these lengths, a user's first. */
const talk = (lengths: readonly number[]): Turn[] =>
  lengths.map((length, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content: 'a'.repeat(length) }));
const lengths = fc.array(fc.nat({ max: 60 }), { maxLength: 30 });

describe('the turns that are read', () => {
  it('are the newest, as many as there is room for, and begin with a user', () => {
    fc.assert(
      fc.property(lengths, fc.nat({ max: 800 }), (given, room) => {
        const turns = talk(given);
        const kept = newestTurns(turns, room);
        expect(turns.slice(turns.length - kept.length)).toEqual(kept);
        if (kept.length > 0) expect(kept[0]!.role).toBe('user');
        const size = (some: readonly Turn[]) =>
          some.reduce((sum, { content }) => sum + content.length + 16, 0);
        expect(size(kept)).toBeLessThanOrEqual(room);
        const more = turns.slice(Math.max(0, turns.length - kept.length - 2));
        if (more.length > kept.length + 1) expect(size(more)).toBeGreaterThan(room);
      }),
    );
  });

  it('are as many exchanges as fit into the tokens, laid out seldom', () => {
    fc.assert(
      fc.property(lengths, fc.nat({ max: 800 }), (given, room) => {
        const turns = talk(given.slice(0, given.length - (given.length % 2)));
        let laid = 0;
        const layOut = (kept: readonly Turn[]) => {
          laid++;
          return new Uint32Array(kept.reduce((sum, { content }) => sum + content.length + 5, 10));
        };
        const sizes = Array.from(
          { length: turns.length / 2 + 1 },
          (_, i) => layOut(turns.slice(2 * i)).length,
        );
        laid = 0;
        const { length } = fitTurns(layOut, turns, room);
        expect(length).toBe(sizes.find((size) => size <= room) ?? 10);
        expect(laid).toBeLessThanOrEqual(7);
      }),
    );
  });
});

describe('what is too long', () => {
  it('is a question beyond its limit, whatever precedes it', () => {
    expect(() => checkLength('a'.repeat(10), 10)).not.toThrow();
    expect(() => checkLength('a'.repeat(11), 10)).toThrow(
      expect.objectContaining({ code: 'question_too_long' }),
    );
  });

  it('is a system text that no context could hold', () => {
    expect(() => checkSystem(undefined, 100)).not.toThrow();
    expect(() => checkSystem('a'.repeat(800), 100)).not.toThrow();
    expect(() => checkSystem('a'.repeat(801), 100)).toThrow(
      expect.objectContaining({ code: 'prompt_too_long' }),
    );
  });
});

it('an answer keeps a quarter of the context free at most', () => {
  expect(reserveFor(256, 8192)).toBe(256);
  expect(reserveFor(32_000, 8192)).toBe(2048);
  expect(reserveFor(Number.POSITIVE_INFINITY, 8192)).toBe(2048);
});
