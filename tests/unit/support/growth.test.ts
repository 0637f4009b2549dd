import { expect, it } from 'vitest';
import { expectLinear } from '../../support/growth.ts';

/** Looks at every pair. */
function quadratic(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) {
    for (let j = 0; j < text.length; j++) if (text.charCodeAt(i) === text.charCodeAt(j)) pairs++;
  }
  return pairs;
}

it('work that looks at every pair is more than linear', async () => {
  const measured = expectLinear((size) => 'x'.repeat(size), quadratic, [2_000]);
  await expect(measured).rejects.toThrow(/times as long/);
});

it('work that looks at everything once is linear', async () => {
  await expectLinear(
    (size) => 'x'.repeat(size),
    (text) => [...text].join(''),
  );
});
