import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldAndOthers, readSet, requireDistinct, setFile, shardOf } from '../../eval/records.ts';
import { temporaryFolder } from '../../support/models.ts';
import { sharedFile } from '../../support/shared.ts';

const line = (id: string) =>
  JSON.stringify({
    ...{ id, question: 'Where?', answers: ['Here'], source: 'test', licence: 'none' },
    passages: [{ title: 'Place', text: 'It is here.', gold: true }],
  });

describe('a question set', () => {
  it('is read, gzipped or not, and named by its file', async () => {
    const folder = await temporaryFolder();
    const text = `${line('1')}\n${line('2')}\n\n${line('3')}\n`;
    writeFileSync(join(folder, 'own.eval.jsonl.gz'), gzipSync(text));
    writeFileSync(join(folder, 'other.jsonl'), text);
    const questions = readSet(join(folder, 'own.eval.jsonl.gz'), 2);
    expect(questions.map(({ set, record }) => [set, record.id])).toEqual([
      ['own', '1'],
      ['own', '2'],
    ]);
    expect(readSet(join(folder, 'other.jsonl'), Number.POSITIVE_INFINITY)).toHaveLength(3);
  });

  it('has every id once', async () => {
    const file = join(await temporaryFolder(), 'own.jsonl');
    writeFileSync(file, `${line('1')}\n${line('2')}\n`);
    const questions = readSet(file, 9);
    expect(() => requireDistinct(questions)).not.toThrow();
    expect(() => requireDistinct([...questions, ...questions])).toThrowError(/own have the id 1/);
  });

  it.skipIf(sharedFile('qa/squad.eval.jsonl.gz') === undefined)(
    'is found in the shared folder by its name (skipped without the folder)',
    () => {
      expect(setFile('squad')).toMatch(/squad\.eval\.jsonl\.gz$/);
      expect(setFile('hotpotqa.dev2')).toMatch(/hotpotqa\.dev2\.jsonl\.gz$/);
    },
  );

  it.each(['{"id":"1"}\n', 'nothing\n'])('of another form is refused: %j', async (text) => {
    const file = join(await temporaryFolder(), 'x.jsonl');
    writeFileSync(file, text);
    expect(() => readSet(file, 9)).toThrowError(expect.objectContaining({ code: 'invalid_option' }));
    expect(() => readSet(`${file}.gz`, 9)).toThrowError(expect.objectContaining({ code: 'invalid_option' }));
  });
});

describe('the gold passages and some others', () => {
  const passages = Array.from({ length: 10 }, (_, i) => ({
    title: `${i}`,
    text: `text ${i}`,
    gold: i === 3,
  }));
  const record = (id: string) => ({ id, question: 'Where?', answers: ['Here'], source: '', passages });

  it('are chosen and ordered by the record alone', () => {
    const chosen = goldAndOthers(record('a'), 4);
    expect(chosen).toHaveLength(5);
    expect(chosen.filter(({ gold }) => gold)).toEqual([passages[3]]);
    const reversed = { ...record('a'), passages: passages.toReversed() };
    expect(goldAndOthers(reversed, 4)).toEqual(chosen);
    expect(goldAndOthers(record('b'), 4)).not.toEqual(chosen);
  });

  it('have the gold one at any place', () => {
    const places = new Set(
      Array.from({ length: 60 }, (_, i) => goldAndOthers(record(`${i}`), 4).findIndex(({ gold }) => gold)),
    );
    expect(places.size).toBe(5);
  });
});

describe('shards', () => {
  it('hold every question once, and are of one size but for one', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.integer({ min: 1, max: 20 }), (count, of) => {
        const questions = Array.from({ length: count }, (_, i) => i);
        const shards = Array.from({ length: of }, (_, i) => shardOf(questions, { index: i + 1, of }));
        expect(shards.flat().sort((a, b) => a - b)).toEqual(questions);
        const sizes = shards.map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
