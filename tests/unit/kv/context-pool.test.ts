import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ContextKv } from '../../../shared/kv/context.ts';
import { ContextPool } from '../../../shared/kv/context-pool.ts';
import { SHAPE, WIDTH } from '../../support/blocks.ts';

const TOKEN_BYTES = WIDTH * 4 * 2 * SHAPE.layers;
const pool = (tokens: number) => new ContextPool(SHAPE, tokens * TOKEN_BYTES);

/** A request as answers make it: what it gets is made ready for its tokens at once. */
function request(from: ContextPool, tokens: number, tenant?: string) {
  const state: { context: ContextKv | undefined } = { context: undefined };
  void from.acquire(tokens, undefined, tenant).then((context) => {
    context.reset(tokens);
    state.context = context;
  });
  return state;
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('pool of contexts', () => {
  test('serves at once while there is memory, then first come first served', async () => {
    const contexts = pool(10);
    const [a, b, large, small] = [6, 4, 8, 1].map((tokens) => request(contexts, tokens));
    await settle();
    expect([a, b, large, small].map((one) => one!.context !== undefined)).toEqual([true, true, false, false]);
    contexts.release(b!.context!);
    await settle();
    // The small one would fit, but the large one was first.
    expect(small!.context).toBeUndefined();
    contexts.release(a!.context!);
    await settle();
    expect([large, small].map((one) => one!.context !== undefined)).toEqual([true, true]);
  });

  test('keeps a third of the memory for other tenants, and serves the one next that holds the least', async () => {
    const contexts = pool(12);
    const many = [4, 4, 4].map((tokens) => request(contexts, tokens, 'many'));
    const one = [request(contexts, 3, 'one'), request(contexts, 3, 'one')];
    const other = request(contexts, 2, 'other');
    await settle();
    const served = () => [...many, ...one, other].map(({ context }) => context !== undefined);
    expect(served()).toEqual([true, true, false, true, false, false]);
    contexts.release(many[0]!.context!);
    await settle();
    expect(served()).toEqual([true, true, false, true, false, true]);
    contexts.release(many[1]!.context!);
    await settle();
    expect(served()).toEqual([true, true, true, true, false, true]);
  });

  test('lends a single context of any size that fits, to a tenant that holds none', async () => {
    const contexts = pool(12);
    const all = request(contexts, 12, 'one');
    const next = request(contexts, 1, 'one');
    await settle();
    expect([all, next].map(({ context }) => context !== undefined)).toEqual([true, false]);
    contexts.release(all.context!);
    await settle();
    expect(next.context).toBeDefined();
  });

  test('refuses what would never fit', async () => {
    await expect(pool(10).acquire(11)).rejects.toMatchObject({ code: 'prompt_too_long' });
  });

  test('lends the memory of a finished answer again, the smallest that is large enough', async () => {
    const contexts = pool(20);
    const [large, small] = [request(contexts, 9), request(contexts, 5)];
    await settle();
    contexts.release(large.context!);
    contexts.release(small.context!);
    expect(await contexts.acquire(4)).toBe(small.context);
    expect(await contexts.acquire(4)).toBe(large.context);
  });

  test('a context released twice is lent once', async () => {
    const contexts = pool(20);
    const only = await contexts.acquire(5);
    only.reset(5);
    contexts.release(only);
    contexts.release(only);
    expect(await contexts.acquire(5)).not.toBe(await contexts.acquire(5));
  });

  test('what is lent and what is kept for later never exceed the budget', async () => {
    const jobs = fc.array(fc.record({ tokens: fc.integer({ min: 1, max: 12 }), end: fc.nat(3) }), {
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(jobs, async (all) => {
        const contexts = pool(12);
        const lent: ContextKv[] = [];
        let served = 0;
        const limit = () => {
          const bytes = lent.reduce((sum, context) => sum + context.bytes, 0);
          expect(bytes).toBeLessThanOrEqual(12 * TOKEN_BYTES);
        };
        for (const { tokens, end } of all) {
          void contexts.acquire(tokens).then((context) => {
            expect(lent).not.toContain(context);
            context.reset(tokens);
            lent.push(context);
            served++;
            limit();
          });
          await settle();
          for (let i = 0; i < end && lent.length > 0; i++) contexts.release(lent.shift()!);
          await settle();
        }
        while (lent.length > 0) {
          contexts.release(lent.shift()!);
          await settle();
        }
        expect(served).toBe(all.length);
      }),
      { numRuns: 50 },
    );
  });
});
