import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Write, WriteQueue } from '../../../shared/retrieval/write-queue.ts';

type Change = Write<'add', string> | Write<'remove', string>;

function change(kind: 'add' | 'remove', documents: string[], value: string): Change {
  return { kind, documents, size: 1, value };
}

/** A queue that notes its batches, "add a b". */
function recording(maxBatch = 100): { queue: WriteQueue<Change>; batches: string[] } {
  const batches: string[] = [];
  let busy = false;
  const run = (kind: string) => async (values: string[]) => {
    expect(busy).toBe(false);
    busy = true;
    await new Promise(setImmediate);
    busy = false;
    batches.push([kind, ...values].join(' '));
    if (values.includes('bad')) throw new Error('refused');
  };
  return { queue: new WriteQueue<Change>({ add: run('add'), remove: run('remove') }, maxBatch), batches };
}

it('carries out concurrent writes of one kind together', async () => {
  const { queue, batches } = recording();
  await Promise.all(['a', 'b', 'c'].map((id) => queue.push(change('add', [id], id))));
  expect(batches).toEqual(['add a b c']);
});

it('lets writes of other documents pass a write of another kind, and none of the same', async () => {
  const { queue, batches } = recording();
  await Promise.all([
    queue.push(change('add', ['d1'], 'a')),
    queue.push(change('remove', ['d1'], 'r')),
    queue.push(change('add', ['d2', 'd1'], 'b')),
    queue.push(change('add', ['d2'], 'c')),
    queue.push(change('add', ['d3'], 'd')),
  ]);
  expect(batches).toEqual(['add a d', 'remove r', 'add b c']);
});

it('keeps a batch to its size', async () => {
  const { queue, batches } = recording(2);
  const sizes = { a: 5, b: 1, c: 1, d: 1 };
  const push = ([id, size]: [string, number]) => queue.push({ ...change('add', [id], id), size });
  await Promise.all(Object.entries(sizes).map(push));
  expect(batches).toEqual(['add a', 'add b c', 'add d']);
});

it('rejects the writes of a failed batch and goes on with the next', async () => {
  const { queue, batches } = recording();
  const results = await Promise.allSettled([
    queue.push(change('add', ['a'], 'bad')),
    queue.push(change('add', ['b'], 'b')),
    queue.push(change('remove', ['a'], 'r')),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  await queue.drained();
  await queue.push(change('add', ['c'], 'c'));
  expect(batches).toEqual(['add bad b', 'remove r', 'add c']);
});

it('carries out every write once, the writes of one document in order', async () => {
  const one = fc.record({
    kind: fc.constantFrom('add' as const, 'remove' as const),
    documents: fc.uniqueArray(fc.constantFrom<string[]>('a', 'b', 'c'), { minLength: 1 }),
    later: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { maxLength: 20 }),
      fc.integer({ min: 1, max: 5 }),
      async (writes, max) => {
        const { queue, batches } = recording(max);
        const pushed: Promise<void>[] = [];
        for (const [i, { kind, documents, later }] of writes.entries()) {
          if (later) await new Promise(setImmediate);
          pushed.push(queue.push(change(kind, documents, String(i))));
        }
        await Promise.all(pushed);
        const order = batches.flatMap((batch) => batch.split(' ').slice(1).map(Number));
        expect(order.toSorted((a, b) => a - b)).toEqual(writes.map((_, i) => i));
        for (const document of ['a', 'b', 'c']) {
          const own = order.filter((i) => writes[i]!.documents.includes(document));
          expect(own).toEqual(own.toSorted((a, b) => a - b));
        }
      },
    ),
    { numRuns: 50 },
  );
});
