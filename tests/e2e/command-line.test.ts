import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyCases, tinyFile } from '../support/fixtures.ts';
import { TINY_LLAMA, writeGguf } from '../support/gguf.ts';
import { blockrag, blockragJson } from '../support/product/command.ts';
import { filesUnder, temporaryDirectory } from '../support/product/directory.ts';

const folder = temporaryDirectory();
const data = join(folder, 'data');
const cache = join(folder, 'cache');

writeFileSync(join(folder, 'note.txt'), 'Something to read.');

const COMMANDS = [
  'serve',
  'add',
  'ask',
  'documents',
  'remove',
  'reencode',
  'stats',
  'model',
  'model pull',
  'model compile',
  'model list',
  'model remove',
  'model prompt',
  'keys',
  'keys add',
  'keys list',
  'keys revoke',
  'logits',
  'demo',
];

describe('help', () => {
  it('is there for every command', async () => {
    const { code, stdout } = await blockrag(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS.filter((name) => !name.includes(' '))) {
      expect(stdout).toContain(`\n  ${command} `);
    }
    for (const command of COMMANDS) {
      const help = await blockrag([...command.split(' '), '--help']);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toMatch(new RegExp(`^Usage: blockrag ${command}`));
    }
  });
});

describe('a command line that is wrong', () => {
  it.each([
    [['nothing'], /unknown command 'nothing'/],
    [['ask', 'Why?', '--nothing'], /unknown option '--nothing'/],
    [['ask'], /missing required argument 'question'/],
    [['ask', 'Why?', '--top-k', '0'], /at least 1/],
    [['ask', 'Why?', '--attention', 'some'], /Allowed choices are block, full, anchor/],
    [['stats', '--compute', 'fp64'], /Allowed choices are/],
    [['stats', '--passage-tokens', '7'], /passageTokens/],
    [['add', 'missing.txt'], /There is no file or folder missing\.txt/],
    [['add', 'note.txt', '--collection', 'a\u0007b'], /control characters/],
    [['ask', 'Why?'], /no data directory/],
    [['serve', '--host', '0.0.0.0', '--port', '0'], /127\.0\.0\.1/],
  ])('%j is told on one line of stderr', async (args, message) => {
    const { code, stdout, stderr } = await blockrag([...args, '--data', data], { cwd: folder });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stdout).toBe('');
    expect([1, 2]).toContain(code);
  });

  it('is told as JSON with --json', async () => {
    const { code, value } = await blockragJson(['stats', '--passage-tokens', '7', '--data', data]);
    expect(value).toMatchObject({ error: { code: 'invalid_option' } });
    expect(code).toBe(1);
  });
});

describe('a model that cannot be used', () => {
  const corrupt = join(folder, 'corrupt.gguf');
  const cut = join(folder, 'cut.gguf');
  const mamba = join(folder, 'mamba.gguf');
  beforeAll(async () => {
    writeFileSync(corrupt, 'GGUFnothing that a model would hold');
    writeFileSync(cut, readFileSync(tinyFile('llama')).subarray(0, 20_000));
    const metadata = { ...TINY_LLAMA.metadata, 'general.architecture': 'mamba' };
    await writeGguf(mamba, metadata, TINY_LLAMA.tensors);
  });

  it.each([
    ['an unknown name', 'smollm9', 'model_unknown', /smollm2-135m-instruct/],
    ['a missing file', join(folder, 'missing.gguf'), 'model_unknown', /missing\.gguf/],
    ['a file that is no model', corrupt, 'model_corrupt', /./],
    ['a file that is cut short', cut, 'model_corrupt', /./],
    ['an architecture that is not implemented', mamba, 'model_unsupported', /mamba/],
    ['a model without a tokenizer, to answer with', tinyFile('llama'), 'model_no_tokenizer', /tokenizer/],
  ])('%s is refused, and leaves nothing behind', async (_what, model, code, message) => {
    const own = temporaryDirectory();
    const env = { BLOCKRAG_CACHE: join(own, 'cache') };
    const args = ['add', join(folder, 'note.txt'), '--model', model, '--data', join(own, 'data')];
    const refused = await blockragJson<{ error: { code: string; message: string } }>(args, { env });
    expect(refused.value.error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe('');
    if (code === 'model_no_tokenizer') return;
    expect(
      filesUnder(own).filter((path) => !/^(data\/catalog|cache\/hashes)\//.test(path)),
    ).not.toContainEqual(expect.stringMatching(/compiled|models|tmp/));
  });
});

describe('blockrag logits', () => {
  it.each(['block', 'full', 'anchor'] as const)('gives the reference numbers under %s', async (attention) => {
    const cases = tinyCases('llama');
    const file = join(folder, 'blocks.json');
    writeFileSync(file, JSON.stringify({ cases: cases.map(({ blocks }) => ({ blocks })) }));
    const flags = ['--compute', 'fp32', '--kv', 'fp32', '--attention', attention, '--no-adapter'];
    const { code, value } = await blockragJson<{
      cases: { top10: [number, number][]; greedy16: number[] }[];
    }>(['logits', '--model', tinyFile('llama'), '--blocks', file, ...flags], {
      env: { BLOCKRAG_CACHE: cache },
    });
    expect(code).toBe(0);
    value.cases.forEach(({ top10, greedy16 }, i) => {
      const expected = cases[i]!.expect[attention === 'anchor' ? 'anchored' : attention];
      expect(greedy16).toEqual(expected.greedy16);
      expect(top10.map(([id]) => id)).toEqual(expected.top10.map(([id]) => id));
      top10.forEach(([, logprob], rank) => {
        expect(Math.abs(logprob - expected.top10[rank]![1])).toBeLessThan(0.002);
      });
    });
  });
});

describe('blockrag model list and remove', () => {
  const env = { BLOCKRAG_CACHE: cache };
  interface Models {
    known: { name: string; downloaded: boolean; compiled: string[] }[];
    compiled: { name: string; directory: string }[];
  }

  it('shows what can be named and what was compiled, and frees it', async () => {
    const { value: models } = await blockragJson<Models>(['model', 'list'], { env });
    expect(models.known).toContainEqual({
      name: 'smollm2-135m-instruct',
      default: true,
      bytes: 98_362_432,
      licence: 'Apache-2.0',
      memory_bytes: 877_000_000,
      downloaded: false,
      compiled: [],
      adapter: 'smollm2-135m-instruct',
    });
    expect(models.compiled).toMatchObject([{ name: 'llama', compute: 'fp32', source: 'llama.gguf' }]);
    const { stdout } = await blockrag(['model', 'list'], { env });
    expect(stdout).toMatch(/^model .* licence +memory +downloaded +compiled +adapter$/m);
    expect(stdout).toMatch(/^gemma3-270m +253 MB +Gemma \(ai\.google\.dev\/gemma\/terms\) +- +- +- +-$/m);
    expect(stdout).toMatch(/^qwen2\.5-coder-1\.5b-instruct +1117 MB +Apache-2\.0 +2242 MB +- +- +-$/m);

    const removed = await blockragJson<{ bytes: number; removed: string[] }>(['model', 'remove', 'llama'], {
      env,
    });
    expect(removed.value).toMatchObject({ name: 'llama', removed: [models.compiled[0]!.directory] });
    expect(removed.value.bytes).toBeGreaterThan(100_000);
    expect((await blockragJson<Models>(['model', 'list'], { env })).value.compiled).toEqual([]);
    const again = await blockrag(['model', 'remove', 'llama'], { env });
    expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('(model_unknown)') });
  });
});
