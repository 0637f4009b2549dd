import { expect, it } from 'vitest';
import { inReadingOrder } from '../../../../shared/documents/office/reading-order.ts';

it('shapes are put in order to a bounded depth of cuts, however they lie', () => {
  // Each stands beside or below all that follow.
  const spiral = Array.from({ length: 4000 }, (_, i) => {
    const at = i * 1_000_000;
    const rest = 4000 * 1_000_000 - at;
    const place = i % 2 === 0 ? { width: 100_000, height: rest } : { width: rest, height: 100_000 };
    return { box: { left: at, top: at, ...place }, number: i };
  });
  const ordered = inReadingOrder([...spiral].reverse());
  expect(ordered.map(({ number }) => number)).toEqual(spiral.map(({ number }) => number));
});

it('small shapes of one row are not taken for two rows', () => {
  const at = (left: number, top: number, height: number) => ({
    box: { left, top, width: 500_000, height },
  });
  const shapes = [at(2_000_000, 0, 150_000), at(0, 20_000, 150_000), at(1_000_000, 10_000, 900_000)];
  expect(inReadingOrder(shapes)).toEqual([shapes[1], shapes[2], shapes[0]]);
});
