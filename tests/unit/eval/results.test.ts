import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Result, ResultsFile, readResults } from '../../eval/results.ts';
import { temporaryFolder } from '../../support/models.ts';

const result = (id: string, condition = 'base block'): Result => ({
  ...{ set: 'squad', id, condition, output: 'Paris "on"\nSeine', contained: true, exact: false, f1: 0.5 },
  ...{ reused: 900, encoded: 0, final: 20 },
});

describe('results', () => {
  it('of an earlier run are done', async () => {
    const file = join(await temporaryFolder(), 'results.jsonl');
    const first = new ResultsFile(file);
    first.add(result('1'));
    first.add(result('2', 'base full'));
    const second = new ResultsFile(file);
    expect(second.results).toEqual([result('1'), result('2', 'base full')]);
    expect(second.has(result('1'))).toBe(true);
    expect(second.has(result('1', 'base full'))).toBe(false);
    expect(second.has({ ...result('1'), set: 'nq' })).toBe(false);
    second.add(result('3'));
    expect(readResults(file)).toHaveLength(3);
  });

  it('that a killed run left unfinished are done again', async () => {
    const file = join(await temporaryFolder(), 'results.jsonl');
    new ResultsFile(file).add(result('1'));
    appendFileSync(file, JSON.stringify(result('2')).slice(0, 40));
    const next = new ResultsFile(file);
    expect(next.has(result('2'))).toBe(false);
    next.add(result('2'));
    expect(readResults(file)).toEqual([result('1'), result('2')]);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
  });

  it.each(['no JSON\n', '{"id":"1","question":"Where?"}\n', 'a line without an end', '\x1f\x8b\n\x08'])(
    'of another kind of file are refused, and the file stays as it is: %j',
    async (text) => {
      const file = join(await temporaryFolder(), 'results.jsonl');
      writeFileSync(file, text);
      expect(() => new ResultsFile(file)).toThrowError(expect.objectContaining({ code: 'invalid_option' }));
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
  );

  it('need no file', () => {
    const results = new ResultsFile(undefined);
    results.add(result('1'));
    expect(results.has(result('1'))).toBe(true);
  });
});
