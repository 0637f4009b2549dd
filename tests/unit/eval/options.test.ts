import { describe, expect, it } from 'vitest';
import { readOptions } from '../../eval/options.ts';

const file = ['--file', 'x.jsonl'];

describe('the options of the harness', () => {
  it('are full and block attention unless others are asked for', () => {
    expect([...readOptions(file).modes.keys()]).toEqual(['full', 'block']);
    expect([...readOptions([...file, '--retrieval']).modes.keys()]).toEqual([]);
    const args = ['--attention', 'anchor', '--ablation', 'local-positions,recompute-first-4'];
    expect(readOptions([...file, ...args]).modes).toEqual(
      new Map<string, unknown>([
        ['anchor', { attention: 'anchor' }],
        ['local-positions', { ablation: { kind: 'local-positions' } }],
        ['recompute-first-4', { ablation: { kind: 'recompute-first', tokens: 4 } }],
      ]),
    );
  });

  it('pass the model on as the product takes it', () => {
    const { config, model } = readOptions([...file, '--no-adapter', '--compute', 'q8', '--kv', 'fp16']);
    expect(model).toBe('smollm2-135m-instruct');
    expect(config).toMatchObject({ adapter: 'none', compute: 'q8', kv: 'fp16' });
  });

  it('need no questions to report, nor for help', () => {
    const { report, files } = readOptions(['--report', 'a.jsonl', '--report', 'b.jsonl']);
    expect({ report, files }).toEqual({ report: ['a.jsonl', 'b.jsonl'], files: [] });
    expect(readOptions(['--help', '--sets', 'unknown'])).toMatchObject({ help: true, files: [] });
  });

  it.each([
    [['--limit', '0']],
    [['--limit', 'many']],
    [['--shard', '3/2']],
    [['--shard', '1']],
    [['--shard', '0/2']],
    [['--attention', 'some']],
    [['--ablation', 'recompute-first-0']],
    [['--compute', 'fp64']],
    [['--nothing']],
    [['stray']],
  ])('%j are refused', (args) => {
    expect(() => readOptions([...file, ...args])).toThrowError(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });
});
