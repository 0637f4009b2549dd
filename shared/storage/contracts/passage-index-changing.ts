/** What becomes of a passage index that is changed, optimised, closed and opened again. */
import assert from 'node:assert/strict';
import { assertRejects, fastCheck } from './case.ts';
import { ask, ids, type OpenedIndex, passage, toward } from './passages.ts';

export const CHANGING: Record<string, (opened: OpenedIndex) => Promise<void>> = {
  'replaces a passage that is added again, the last of several counts': async ({ index }) => {
    await index.add([passage({ id: 'p', version: '1' })]);
    await index.add([passage({ id: 'p', version: '2' }), passage({ id: 'p', version: '3' })]);
    assert.deepEqual(
      (await ask(index, {})).map(({ version }) => version),
      ['3'],
    );
  },

  'finds what was added as soon as add() resolves, many at once': async ({ index }) => {
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        await index.add([passage({ id: `p${i}`, text: `word${i}x` })]);
        assert.equal((await ask(index, { text: `word${i}x` }))[0]!.id, `p${i}`);
      }),
    );
    await index.add([]);
    assert.equal((await ask(index, { limit: 100 })).length, 30);
  },

  'removes a document, or one version of it': async ({ index }) => {
    const of = (document: string, version: string) => passage({ id: document + version, document, version });
    await index.add([of('a', '1'), of('a', '2'), of('b', '1'), of('b', '2'), of("c'", '1')]);
    await index.remove('a', '1');
    await index.remove('b');
    await index.remove('unknown');
    assert.deepEqual(ids(await ask(index, {})).sort(), ['a2', "c'1"]);
    await index.remove("c'", "' OR 1=1 --");
    assert.deepEqual(ids(await ask(index, {})).sort(), ['a2', "c'1"]);
  },

  'counts the passages of each version, and begins anew': async ({ index }) => {
    const of = (id: string, version: string) => passage({ id, document: 'a', version });
    await index.add([of('p', '1'), of('q', '1'), of('r', '2')]);
    assert.deepEqual([...(await index.counts())].sort(), [
      ['a/1', 2],
      ['a/2', 1],
    ]);
    assert.equal((await index.counts({ thorough: true })).size, 2);
    await index.reset();
    assert.equal((await index.counts()).size, 0);
    assert.deepEqual(await ask(index, {}), []);
    await index.add([of('p', '1')]);
    assert.deepEqual(ids(await ask(index, {})), ['p']);
  },

  'keeps the order of the calls for one document': async ({ index }) => {
    const fc = await fastCheck();
    const change = fc.record({
      remove: fc.boolean(),
      document: fc.constantFrom('a', 'b', 'c'),
      version: fc.constantFrom('1', '2'),
      all: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
        await Promise.all(['a', 'b', 'c'].map((document) => index.remove(document)));
        const expected = new Set<string>();
        const calls = changes.map(({ remove, document, version, all }) => {
          if (!remove) {
            expected.add(document + version);
            return index.add([passage({ id: document + version, document, version })]);
          }
          for (const other of all ? ['1', '2'] : [version]) expected.delete(document + other);
          return all ? index.remove(document) : index.remove(document, version);
        });
        await Promise.all(calls);
        assert.deepEqual(ids(await ask(index, {})).sort(), [...expected].sort());
      }),
      { numRuns: 15 },
    );
  },

  'finds the same after it was optimised, with more added and removed since': async ({ index }) => {
    await index.add(Array.from({ length: 40 }, (_, i) => passage({ id: `p${i}`, text: `word${i}x` })));
    await index.remove('document of p3');
    await index.optimize();
    assert.deepEqual(ids(await ask(index, { text: 'word7x', limit: 1 })), ['p7']);
    await index.remove('document of p7');
    await index.add([passage({ id: 'new', text: 'word7x again' })]);
    assert.deepEqual(ids(await ask(index, { text: 'word7x', limit: 1 })), ['new']);
    await index.optimize();
    await index.optimize();
    assert.deepEqual(ids(await ask(index, { text: 'word7x', limit: 1 })), ['new']);
    assert.equal((await ask(index, { limit: 100 })).length, 39);
  },

  'answers while it is optimised': async ({ index }) => {
    await index.add(Array.from({ length: 40 }, (_, i) => passage({ id: `p${i}`, text: `word${i}x` })));
    for (let round = 0; round < 3; round++) {
      await index.remove(`document of p${round}`);
      let optimizing = true;
      const optimized = index.optimize().finally(() => {
        optimizing = false;
      });
      while (optimizing) assert.equal(ids(await ask(index, { text: 'word9x' }))[0], 'p9');
      await optimized;
    }
  },

  'finds everything after it was opened again': async ({ place, index }) => {
    await index.add([passage({ id: 'p', text: 'A pump.' })]);
    await index.close();
    const again = await place.open();
    assert.deepEqual(ids(await ask(again, { text: 'pump' })), ['p']);
    await again.close();
  },

  'sees what another opener of the same place writes': async ({ place, index }) => {
    const other = await place.open();
    await other.add([passage({ id: 'p' })]);
    assert.deepEqual(ids(await ask(index, {})), ['p']);
    await index.remove('document of p');
    assert.deepEqual(await ask(other, {}), []);
    await other.close();
  },

  'refuses a vector of the wrong shape, and nothing else with it': async ({ index }) => {
    const wrong = [new Float32Array(3), toward(Number.NaN)];
    const good = index.add([passage({ id: 'p' })]);
    for (const vector of wrong) {
      await assertRejects(index.add([passage({ id: 'x', vector })]), {
        code: 'invalid_request',
      });
      await assertRejects(ask(index, { vector }), { code: 'invalid_request' });
    }
    await good;
    assert.deepEqual(ids(await ask(index, {})), ['p']);
  },

  'finishes what is under way when it is closed, and refuses more': async ({ place, index }) => {
    const under = index.add([passage({ id: 'p' })]);
    await index.close();
    await under;
    await assertRejects(index.add([passage({ id: 'q' })]), { code: 'shutting_down' });
    await assertRejects(ask(index, {}), { code: 'shutting_down' });
    await index.close();
    const again = await place.open();
    assert.deepEqual(ids(await ask(again, {})), ['p']);
    await again.close();
  },
};
