/** What a passage index finds. */
import assert from 'node:assert/strict';
import { assertFields, fastCheck } from './case.ts';
import { ask, ids, type OpenedIndex, passage, toward } from './passages.ts';

export const FINDING: Record<string, (opened: OpenedIndex) => Promise<void>> = {
  'answers nothing from a new index': async ({ index }) => {
    assert.deepEqual(await ask(index, { text: 'pump' }), []);
    await index.optimize();
    assert.deepEqual(await ask(index, { text: 'pump' }), []);
    assert.deepEqual(await ask(index, { limit: 0 }), []);
  },

  'finds by words and by meaning, and puts first what both find': async ({ index }) => {
    await index.add([
      passage({ id: 'words', text: 'The pumps deliver water.' }),
      passage({ id: 'meaning', text: 'It moves liquids.', vector: toward(0, 1) }),
      passage({ id: 'both', text: 'A pump for oil.', vector: toward(0, 0.9, 0.1) }),
      passage({ id: 'title', title: 'Pump > Care', text: 'Clean it weekly.' }),
    ]);
    const hits = await ask(index, { text: 'How does the pump work?' });
    assert.equal(hits[0]!.id, 'both');
    assert.deepEqual(ids(hits).sort(), ['both', 'meaning', 'title', 'words']);
    const scores = hits.map(({ score }) => score);
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => b - a),
    );
    assert.deepEqual(ids(await ask(index, { text: 'pump', limit: 1 })), ['both']);
  },

  'tells the cosine similarity of each hit, found by words alone too': async ({ index }) => {
    const near = Array.from({ length: 120 }, (_, i) => passage({ id: `near ${i}`, vector: toward(i, 500) }));
    const far = passage({
      id: 'far',
      document: 'd',
      version: '7',
      text: 'Sprocket.',
      vector: toward(0, -3, 4),
    });
    await index.add([...near, far]);
    const hits = await ask(index, { text: 'sprocket', limit: 150 });
    const found = hits.find(({ id }) => id === 'far')!;
    assertFields(found, { document: 'd', version: '7' });
    assert.ok(Math.abs(found.similarity - -0.6) < 5e-6);
    assert.ok(Math.abs(hits.find(({ id }) => id === 'near 0')!.similarity - 1) < 5e-6);
    assert.ok(ids(await ask(index, { text: 'sprocket', limit: 2 })).includes('far'));
  },

  'finds only in the tenant and the collection asked for': async ({ index }) => {
    await index.add([
      passage({ id: 'a' }),
      passage({ id: 'b', collection: 'letters' }),
      passage({ id: 'c', tenant: 'other' }),
    ]);
    assert.deepEqual(ids(await ask(index, {})), ['a']);
    assert.deepEqual(ids(await ask(index, { collection: 'letters' })), ['b']);
    assert.deepEqual(ids(await ask(index, { tenant: 'other' })), ['c']);
    assert.deepEqual(await ask(index, { tenant: 'nobody' }), []);
  },

  'finds only what has one label of each group asked for, by words and by meaning': async ({ index }) => {
    await index.add([
      passage({ id: 'none', text: 'A pump.' }),
      passage({ id: 'a', text: 'A pump.', labels: ['a'] }),
      passage({ id: 'ab', text: 'Nothing.', labels: ['a', 'b'], vector: toward(0, 1) }),
      passage({ id: 'bc', text: 'A pump.', labels: ['b', 'c'] }),
    ]);
    const found = async (labels: string[][]) => ids(await ask(index, { text: 'pump', labels })).sort();
    for (let time = 0; time < 2; time++) {
      assert.equal((await found([])).length, 4);
      assert.deepEqual(await found([['a']]), ['a', 'ab']);
      assert.deepEqual(await found([['a', 'c']]), ['a', 'ab', 'bc']);
      assert.deepEqual(await found([['a'], ['b']]), ['ab']);
      assert.deepEqual(await found([['a', 'c'], ['b']]), ['ab', 'bc']);
      assert.deepEqual(await found([['a'], ['c']]), []);
      assert.deepEqual(await found([['unknown']]), []);
      assert.deepEqual(await found([["') OR true --"]]), []);
      await index.optimize();
    }
  },

  'takes other labels of a passage that is added again': async ({ index }) => {
    await index.add([passage({ id: 'p', labels: ['old'] })]);
    await index.add([passage({ id: 'p', labels: ['new'] })]);
    assert.deepEqual(await ask(index, { labels: [['old']] }), []);
    assert.deepEqual(ids(await ask(index, { labels: [['new']] })), ['p']);
  },

  'takes any name for a name, never for a condition': async ({ index }) => {
    await index.add([passage({ id: 'secret' })]);
    const names = [
      "o'brien",
      "' OR 1=1 --",
      "x' OR tenant <> '",
      '"acme"',
      'a\\',
      "\\' OR true --",
      '%',
      '東京',
      '',
    ];
    await index.add(names.map((tenant) => passage({ id: `of ${tenant}`, tenant, document: tenant })));
    for (const tenant of names) assert.deepEqual(ids(await ask(index, { tenant })), [`of ${tenant}`]);
    for (const document of names) await index.remove(document);
    for (const tenant of names) assert.deepEqual(await ask(index, { tenant }), []);
    assert.deepEqual(ids(await ask(index, {})), ['secret']);
  },

  'takes any question for plain words': async ({ index }) => {
    const fc = await fastCheck();
    await index.add([
      passage({ id: 'fox', text: 'The quick brown fox.' }),
      passage({ id: 'dog', text: 'A dog.' }),
    ]);
    const syntax = [
      '"fox',
      'fox AND (',
      '-fox',
      '+fox',
      'text:fox',
      'fox^9',
      'fox~2',
      '{"match": "fox"}',
      'FOX!',
    ];
    for (const text of syntax) assert.equal((await ask(index, { text }))[0]!.id, 'fox', text);
    const wordless = ['', ' ', '?!', 'the', '*', '\0', '\ud800', 'x'.repeat(5_000)];
    for (const text of wordless)
      assert.deepEqual(ids(await ask(index, { text })).sort(), ['dog', 'fox'], text);
    const any = fc.string({ unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(any, async (text) => {
        assert.equal((await ask(index, { text })).length, 2);
      }),
      { numRuns: 30 },
    );
  },

  'finds by words in languages without spaces': async ({ index }) => {
    await index.add([
      passage({ id: 'ja', text: '東京都は日本の首都です。' }),
      passage({ id: 'zh', text: '北京是中华人民共和国的首都。' }),
      passage({ id: 'ko', text: '서울은 대한민국의 수도이다.' }),
      passage({ id: 'th', text: 'กรุงเทพมหานครเป็นเมืองหลวง' }),
      passage({ id: 'de', text: 'Zürich ist keine Hauptstadt.' }),
    ]);
    const questions = { 日本はどこ: 'ja', 人民共和国: 'zh', 대한민국: 'ko', เมืองหลวง: 'th', zurich: 'de' };
    for (const [text, id] of Object.entries(questions)) {
      assert.equal((await ask(index, { text }))[0]!.id, id, text);
    }
  },
};
