import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { promptMask, windowedMask } from '../../../shared/attention/masks.ts';

const lengths = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 });

/** Which tokens see which, by the definition of the mode. */
function sees(blockOf: number[], last: number, attention: string, row: number, column: number): boolean {
  if (column > row) return false;
  if (attention === 'full' || blockOf[row] === last) return true;
  return blockOf[row] === blockOf[column] || (attention === 'anchor' && blockOf[column] === 0);
}

describe('mask of a whole prompt', () => {
  test.each(['full', 'block', 'anchor'] as const)('says who sees whom under %s attention', (attention) => {
    fc.assert(
      fc.property(lengths, (blocks) => {
        const blockOf = blocks.flatMap((length, block) => Array<number>(length).fill(block));
        const mask = promptMask(blocks, attention);
        expect(mask).toHaveLength(blockOf.length ** 2);
        for (const [at, added] of mask.entries()) {
          const row = Math.floor(at / blockOf.length);
          const column = at % blockOf.length;
          const visible = sees(blockOf, blocks.length - 1, attention, row, column);
          expect(visible ? added === 0 : added < -1e20).toBe(true);
        }
      }),
    );
  });

  test('of a layer with a window lets each token see the nearest only', () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 8 }), (blocks, window) => {
        const length = blocks.reduce((sum, n) => sum + n, 0);
        const mask = promptMask(blocks, 'block');
        const local = windowedMask(mask, length, window);
        for (const [at, added] of local.entries()) {
          const near = Math.floor(at / length) - (at % length) < window;
          expect(added).toBe(near ? mask[at] : Math.fround(-1e30));
        }
      }),
    );
  });

  test('blocked scores are finite, so that no row becomes NaN', () => {
    expect(promptMask([2, 3, 1], 'block').every(Number.isFinite)).toBe(true);
  });
});
