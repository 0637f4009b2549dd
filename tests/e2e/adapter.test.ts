import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import { readAdapter, shippedAdapter } from '../../shared/model/adapter.ts';
import { knownSha256 } from '../../shared/model/sources/index.ts';
import { TEST_MODEL } from '../support/models.ts';
import type { Facts } from '../support/product/command.ts';
import { blockragJson } from '../support/product/command.ts';
import { blobFiles, temporaryDirectory } from '../support/product/directory.ts';
import { type Server, startServer } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

/** As users have it: the other tests' setting is taken back. */
const SHIPPED = { BLOCKRAG_ADAPTER: '' };
const ADAPTER = shippedAdapter(TEST_MODEL);
const QUESTION = 'When was the lighthouse of Grimsay built?';
const cwd = temporaryDirectory();
let server: Server | undefined;
beforeAll(() => {
  writeFileSync(join(cwd, 'ferry.md'), FERRY);
  writeFileSync(join(cwd, 'lighthouse.md'), LIGHTHOUSE);
});
afterAll(() => server?.stop('SIGKILL'));

const json = <T>(data: string, ...args: string[]) =>
  blockragJson<T>([...args, '--data', join(cwd, data)], { cwd, env: SHIPPED });

describe('the adapter that comes with the default model', { timeout: 300_000 }, () => {
  it('belongs to it, and is at most 12 MB', async () => {
    const adapter = await readAdapter(ADAPTER);
    expect(adapter.base.sha256).toBe(knownSha256(TEST_MODEL));
    expect(statSync(ADAPTER).size).toBeLessThan(12_000_000);
  });

  it('is used unless told otherwise: answers are short, and blobs are its own', async () => {
    const { sha256, name } = await readAdapter(ADAPTER);
    const answers: AnswerView[] = [];
    for (const [data, ...flags] of [['tuned'], ['base', '--no-adapter']] as const) {
      expect((await json(data, 'add', 'ferry.md', 'lighthouse.md', ...flags)).code).toBe(0);
      answers.push((await json<AnswerView>(data, 'ask', QUESTION, '--max-tokens', '32')).value);
    }
    const [tuned, base] = answers as [AnswerView, AnswerView];
    expect(tuned.answer).toMatch(/^1871\.?$/);
    expect(tuned.usage).toMatchObject({ encoded_tokens: 0 });
    expect(tuned.usage.completion_tokens).toBeLessThan(base.usage.completion_tokens);
    expect((await json<Facts>('tuned', 'stats')).value.adapter).toEqual({ name, sha256 });
    expect((await json<Facts>('base', 'stats')).value.adapter).toBeNull();
    const names = (data: string) => blobFiles(join(cwd, data)).map((file) => file.split('/').at(-1)!);
    expect(names('tuned')).toHaveLength(names('base').length);
    expect(names('tuned').filter((blob) => names('base').includes(blob))).toEqual([]);
  });

  it('is not taken off, or put on, silently beside a server', async () => {
    server = await startServer(join(cwd, 'tuned'), SHIPPED);
    const refused = await json<{ error: { code: string; message: string } }>(
      'tuned',
      ...['ask', QUESTION, '--no-adapter'],
    );
    expect(refused).toMatchObject({ code: 1, value: { error: { code: 'data_directory_in_use' } } });
    expect(refused.value.error.message).toMatch(/with the adapter \S+ \([0-9a-f]{12}\): .* no adapter\.$/);
    const same = await json<AnswerView>('tuned', 'ask', QUESTION, '--adapter', ADAPTER);
    expect(same.code).toBe(0);
  });
});
