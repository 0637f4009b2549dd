/** The harness from its command line, over a few questions of the shared folder. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { readResults } from '../../eval/results.ts';
import { temporaryFolder, testModel } from '../../support/models.ts';
import { sharedFile } from '../../support/shared.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const questions = sharedFile('qa/2wiki.eval.jsonl.gz');

async function evaluate(...args: string[]): Promise<string> {
  const command = ['--import', 'tsx', 'tests/eval/run.ts', ...args];
  return (await promisify(execFile)(process.execPath, command, { cwd: ROOT })).stdout;
}

describe.skipIf(questions === undefined)('the evaluation harness (skipped without the shared folder)', () => {
  beforeAll(async () => {
    await testModel('w8a8');
  });

  it('answers from stored blobs, goes on where it was stopped, and reports', {
    timeout: 300_000,
  }, async () => {
    const out = join(await temporaryFolder(), 'results.jsonl');
    const common = ['--file', questions!, '--no-adapter', '--attention', 'block', '--out', out];
    await evaluate(...common, '--limit', '3', '--shard', '1/2');
    const first = readResults(out);
    expect(first).toHaveLength(2);

    const changed = ['--ablation', 'local-positions'];
    const { conditions, recall } = JSON.parse(
      await evaluate(...common, ...changed, '--limit', '3', '--json'),
    );
    const all = readResults(out);
    expect(all.slice(0, 2)).toEqual(first);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
    expect(all).toHaveLength(6);
    for (const { output, reused, encoded } of all) {
      expect(output).not.toBe('');
      expect(reused).toBeGreaterThan(300);
      expect(encoded).toBe(0);
    }
    expect(recall).toBeNull();
    expect(conditions).toEqual([
      expect.objectContaining({ condition: 'base b179c9 block w8a8 int8' }),
      expect.objectContaining({ condition: 'base b179c9 local-positions w8a8 int8' }),
    ]);
    expect(await evaluate('--report', out)).toMatch(/\| base b179c9 block w8a8 int8 \| [\d.]+ \(n 3\) \|/);
  });

  it('tells how often retrieval finds the gold passages', async () => {
    const args = ['--file', questions!, '--limit', '3', '--retrieval', '--json'];
    const { conditions, recall } = JSON.parse(await evaluate(...args));
    expect(conditions).toEqual([]);
    expect(recall).toMatchObject({ questions: 3, ranks: { length: 5 } });
    expect(recall.pool).toBeGreaterThan(20);
    const recalls = recall.ranks.map(({ recall }: { recall: number }) => recall);
    expect(recalls).toEqual([...recalls].sort((a, b) => a - b));
    expect(recall.ranks.at(-1).hit).toBe(1);
  });

  it('answers from what was retrieved', { timeout: 120_000 }, async () => {
    const out = join(await temporaryFolder(), 'results.jsonl');
    const args = [
      '--file',
      questions!,
      '--no-adapter',
      '--limit',
      '2',
      '--retrieval',
      '--attention',
      'block',
    ];
    const { recall } = JSON.parse(await evaluate(...args, '--top-k', '2', '--out', out, '--json'));
    const results = readResults(out);
    expect(results.map(({ condition }) => condition)).toEqual(
      Array(2).fill(`base b179c9 block w8a8 int8 top-2 of ${recall.pool}`),
    );
    for (const { output, reused, encoded } of results) {
      expect(output).not.toBe('');
      expect(encoded).toBe(0);
      // The preface and two passages: with one it is at most 151, with five at least 456.
      expect(reused).toBeGreaterThan(200);
      expect(reused).toBeLessThan(400);
    }
  });
});
