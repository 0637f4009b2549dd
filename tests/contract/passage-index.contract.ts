/** What every driver of the passage index does. */
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PassageIndex } from '../../shared/retrieval/ports.ts';
import { ask, ids, passage, toward } from './indexed-passages.ts';

/** A place where a driver keeps an index: opened several times, removed at the end. */
export interface IndexPlace {
  open(): Promise<PassageIndex>;
  remove(): Promise<void>;
}

export function describePassageIndex(name: string, prepare: () => Promise<IndexPlace>): void {
  describe(name, () => {
    let place: IndexPlace;
    let index: PassageIndex;
    beforeEach(async () => {
      place = await prepare();
      index = await place.open();
    });
    afterEach(async () => {
      await index.close();
      await place.remove();
    });

    it('answers nothing from a new index', async () => {
      expect(await ask(index, { text: 'pump' })).toEqual([]);
      await index.optimize();
      expect(await ask(index, { text: 'pump' })).toEqual([]);
      expect(await ask(index, { limit: 0 })).toEqual([]);
    });

    it('finds by words and by meaning, and puts first what both find', async () => {
      await index.add([
        passage({ id: 'words', text: 'The pumps deliver water.' }),
        passage({ id: 'meaning', text: 'It moves liquids.', vector: toward(0, 1) }),
        passage({ id: 'both', text: 'A pump for oil.', vector: toward(0, 0.9, 0.1) }),
        passage({ id: 'title', title: 'Pump > Care', text: 'Clean it weekly.' }),
      ]);
      const hits = await ask(index, { text: 'How does the pump work?' });
      expect(hits[0]!.id).toBe('both');
      expect(ids(hits).sort()).toEqual(['both', 'meaning', 'title', 'words']);
      const scores = hits.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      expect(ids(await ask(index, { text: 'pump', limit: 1 }))).toEqual(['both']);
    });

    it('tells the cosine similarity of each hit, found by words alone too', async () => {
      const near = Array.from({ length: 120 }, (_, i) =>
        passage({ id: `near ${i}`, vector: toward(i, 500) }),
      );
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
      expect(found).toMatchObject({ document: 'd', version: '7' });
      expect(found.similarity).toBeCloseTo(-0.6, 5);
      expect(hits.find(({ id }) => id === 'near 0')!.similarity).toBeCloseTo(1, 5);
      expect(ids(await ask(index, { text: 'sprocket', limit: 2 }))).toContain('far');
    });

    it('finds only in the tenant and the collection asked for', async () => {
      await index.add([
        passage({ id: 'a' }),
        passage({ id: 'b', collection: 'letters' }),
        passage({ id: 'c', tenant: 'other' }),
      ]);
      expect(ids(await ask(index, {}))).toEqual(['a']);
      expect(ids(await ask(index, { collection: 'letters' }))).toEqual(['b']);
      expect(ids(await ask(index, { tenant: 'other' }))).toEqual(['c']);
      expect(await ask(index, { tenant: 'nobody' })).toEqual([]);
    });

    it('finds only what has one label of each group asked for, by words and by meaning', async () => {
      await index.add([
        passage({ id: 'none', text: 'A pump.' }),
        passage({ id: 'a', text: 'A pump.', labels: ['a'] }),
        passage({ id: 'ab', text: 'Nothing.', labels: ['a', 'b'], vector: toward(0, 1) }),
        passage({ id: 'bc', text: 'A pump.', labels: ['b', 'c'] }),
      ]);
      const found = async (labels: string[][]) => ids(await ask(index, { text: 'pump', labels })).sort();
      for (let time = 0; time < 2; time++) {
        expect(await found([])).toHaveLength(4);
        expect(await found([['a']])).toEqual(['a', 'ab']);
        expect(await found([['a', 'c']])).toEqual(['a', 'ab', 'bc']);
        expect(await found([['a'], ['b']])).toEqual(['ab']);
        expect(await found([['a', 'c'], ['b']])).toEqual(['ab', 'bc']);
        expect(await found([['a'], ['c']])).toEqual([]);
        expect(await found([['unknown']])).toEqual([]);
        expect(await found([["') OR true --"]])).toEqual([]);
        await index.optimize();
      }
    });

    it('takes other labels of a passage that is added again', async () => {
      await index.add([passage({ id: 'p', labels: ['old'] })]);
      await index.add([passage({ id: 'p', labels: ['new'] })]);
      expect(await ask(index, { labels: [['old']] })).toEqual([]);
      expect(ids(await ask(index, { labels: [['new']] }))).toEqual(['p']);
    });

    it('takes any name for a name, never for a condition', async () => {
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
      for (const tenant of names) expect(ids(await ask(index, { tenant }))).toEqual([`of ${tenant}`]);
      for (const document of names) await index.remove(document);
      for (const tenant of names) expect(await ask(index, { tenant })).toEqual([]);
      expect(ids(await ask(index, {}))).toEqual(['secret']);
    });

    it('takes any question for plain words', async () => {
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
      for (const text of syntax) expect((await ask(index, { text }))[0]!.id, text).toBe('fox');
      const wordless = ['', ' ', '?!', 'the', '*', '\0', '\ud800', 'x'.repeat(5_000)];
      for (const text of wordless)
        expect(ids(await ask(index, { text })).sort(), text).toEqual(['dog', 'fox']);
      const any = fc.string({ unit: 'grapheme' });
      await fc.assert(
        fc.asyncProperty(any, async (text) => {
          expect(await ask(index, { text })).toHaveLength(2);
        }),
        { numRuns: 30 },
      );
    });

    it('finds by words in languages without spaces', async () => {
      await index.add([
        passage({ id: 'ja', text: '東京都は日本の首都です。' }),
        passage({ id: 'zh', text: '北京是中华人民共和国的首都。' }),
        passage({ id: 'ko', text: '서울은 대한민국의 수도이다.' }),
        passage({ id: 'th', text: 'กรุงเทพมหานครเป็นเมืองหลวง' }),
        passage({ id: 'de', text: 'Zürich ist keine Hauptstadt.' }),
      ]);
      const questions = { 日本はどこ: 'ja', 人民共和国: 'zh', 대한민국: 'ko', เมืองหลวง: 'th', zurich: 'de' };
      for (const [text, id] of Object.entries(questions)) {
        expect((await ask(index, { text }))[0]!.id, text).toBe(id);
      }
    });

    it('replaces a passage that is added again, the last of several counts', async () => {
      await index.add([passage({ id: 'p', version: '1' })]);
      await index.add([passage({ id: 'p', version: '2' }), passage({ id: 'p', version: '3' })]);
      expect((await ask(index, {})).map(({ version }) => version)).toEqual(['3']);
    });

    it('finds what was added as soon as add() resolves, many at once', async () => {
      await Promise.all(
        Array.from({ length: 30 }, async (_, i) => {
          await index.add([passage({ id: `p${i}`, text: `word${i}x` })]);
          expect((await ask(index, { text: `word${i}x` }))[0]!.id).toBe(`p${i}`);
        }),
      );
      await index.add([]);
      expect(await ask(index, { limit: 100 })).toHaveLength(30);
    });

    it('removes a document, or one version of it', async () => {
      const of = (document: string, version: string) =>
        passage({ id: document + version, document, version });
      await index.add([of('a', '1'), of('a', '2'), of('b', '1'), of('b', '2'), of("c'", '1')]);
      await index.remove('a', '1');
      await index.remove('b');
      await index.remove('unknown');
      expect(ids(await ask(index, {})).sort()).toEqual(['a2', "c'1"]);
      await index.remove("c'", "' OR 1=1 --");
      expect(ids(await ask(index, {})).sort()).toEqual(['a2', "c'1"]);
    });

    it('keeps the order of the calls for one document', async () => {
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
          expect(ids(await ask(index, {})).sort()).toEqual([...expected].sort());
        }),
        { numRuns: 15 },
      );
    });

    it('finds the same after it was optimised, with more added and removed since', async () => {
      await index.add(Array.from({ length: 40 }, (_, i) => passage({ id: `p${i}`, text: `word${i}x` })));
      await index.remove('document of p3');
      await index.optimize();
      expect(ids(await ask(index, { text: 'word7x', limit: 1 }))).toEqual(['p7']);
      await index.remove('document of p7');
      await index.add([passage({ id: 'new', text: 'word7x again' })]);
      expect(ids(await ask(index, { text: 'word7x', limit: 1 }))).toEqual(['new']);
      await index.optimize();
      await index.optimize();
      expect(ids(await ask(index, { text: 'word7x', limit: 1 }))).toEqual(['new']);
      expect(await ask(index, { limit: 100 })).toHaveLength(39);
    });

    it('answers while it is optimised', async () => {
      await index.add(Array.from({ length: 40 }, (_, i) => passage({ id: `p${i}`, text: `word${i}x` })));
      for (let round = 0; round < 3; round++) {
        await index.remove(`document of p${round}`);
        let optimizing = true;
        const optimized = index.optimize().finally(() => {
          optimizing = false;
        });
        while (optimizing) expect(ids(await ask(index, { text: 'word9x' }))[0]).toBe('p9');
        await optimized;
      }
    });

    it('finds everything after it was opened again', async () => {
      await index.add([passage({ id: 'p', text: 'A pump.' })]);
      await index.close();
      index = await place.open();
      expect(ids(await ask(index, { text: 'pump' }))).toEqual(['p']);
    });

    it('sees what another opener of the same place writes', async () => {
      const other = await place.open();
      await other.add([passage({ id: 'p' })]);
      expect(ids(await ask(index, {}))).toEqual(['p']);
      await index.remove('document of p');
      expect(await ask(other, {})).toEqual([]);
      await other.close();
    });

    it('refuses a vector of the wrong shape, and nothing else with it', async () => {
      const wrong = [new Float32Array(3), toward(Number.NaN)];
      const good = index.add([passage({ id: 'p' })]);
      for (const vector of wrong) {
        await expect(index.add([passage({ id: 'x', vector })])).rejects.toMatchObject({
          code: 'invalid_request',
        });
        await expect(ask(index, { vector })).rejects.toMatchObject({ code: 'invalid_request' });
      }
      await good;
      expect(ids(await ask(index, {}))).toEqual(['p']);
    });

    it('finishes what is under way when it is closed, and refuses more', async () => {
      const under = index.add([passage({ id: 'p' })]);
      await index.close();
      await under;
      await expect(index.add([passage({ id: 'q' })])).rejects.toMatchObject({ code: 'shutting_down' });
      await expect(ask(index, {})).rejects.toMatchObject({ code: 'shutting_down' });
      await index.close();
      index = await place.open();
      expect(ids(await ask(index, {}))).toEqual(['p']);
    });
  });
}
