import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import type { DocumentView } from '../../shared/api/views/document.ts';
import type { Facts } from '../support/product/command.ts';
import { blockrag, blockragJson, PROJECT } from '../support/product/command.ts';
import { filesHolding, temporaryDirectory } from '../support/product/directory.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const cwd = temporaryDirectory();
const data = join(cwd, 'data');
const QUESTION = 'When does the ferry to Grimsay leave?';

interface Added {
  documents: DocumentView[];
  failures: { name: string; code: string }[];
}
const json = <T>(...args: string[]) => blockragJson<T>([...args, '--data', data], { cwd });
const text = (...args: string[]) => blockrag([...args, '--data', data], { cwd });

beforeAll(() => {
  mkdirSync(join(cwd, 'island/.hidden'), { recursive: true });
  writeFileSync(join(cwd, 'ferry.md'), FERRY);
  writeFileSync(join(cwd, 'island/lighthouse.md'), LIGHTHOUSE);
  writeFileSync(join(cwd, 'island/.hidden/secret.md'), '# Secret\n\nNobody asked for this.\n');
  writeFileSync(join(cwd, 'island/photo.png'), Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
});

// The first command may have to fetch and compile the models.
describe('the commands on a data directory of their own', { timeout: 300_000 }, () => {
  it('add takes files and the documents in folders, and waits until they are ready', async () => {
    const { code, value, stderr } = await json<Added>('add', 'ferry.md', 'island');
    expect(value.failures).toEqual([]);
    expect(value.documents).toMatchObject([
      { name: 'ferry.md', status: 'ready', passages: 1, encoded: 1, error: null },
      { name: 'island/lighthouse.md', status: 'ready', passages: 1, encoded: 1, error: null },
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('passages shows what a file would be stored as, and stores nothing', async () => {
    const rows = Array.from({ length: 80 }, (_, i) => `| PX-${i} shackle no. ${i} | B-${i} |`);
    writeFileSync(join(cwd, 'parts.md'), `# Parts\n\n| Part | Bin |\n|---|---|\n${rows.join('\n')}\n`);
    interface Shown {
      title: string;
      metadata: object;
      passages: { title: string; text: string; page: null; page_end: null; tokens: number }[];
    }
    const { code, value } = await json<Shown>('passages', 'parts.md');
    expect(code).toBe(0);
    expect(value).toMatchObject({ title: 'Parts', metadata: {} });
    expect(value.passages.length).toBeGreaterThan(3);
    for (const { text, tokens, ...rest } of value.passages) {
      expect(text).toMatch(/^Part \| Bin\n(?:PX-\d+ shackle no\. \d+ \| B-\d+\n?)+$/);
      expect(tokens).toBeLessThanOrEqual(256);
      expect(rest).toEqual({ title: 'Parts', page: null, page_end: null });
    }
    const { stdout } = await text('passages', 'parts.md');
    expect(stdout).toMatch(/^Parts: \d+ passages\n\n--- Parts \(\d+ tokens\)\nPart \| Bin\n/);
    expect((await text('documents')).stdout).not.toContain('parts.md');
    expect(await text('passages', 'nothing.md')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/read/),
    });
  });

  it('add --ocr says how many pages were recognised, and so does the list', async () => {
    copyFileSync(join(PROJECT, 'tests/fixtures/documents/scanned-text.pdf'), join(cwd, 'scan.pdf'));
    const { value } = await json<Added>('add', 'scan.pdf', '--ocr', '--collection', 'scans');
    expect(value.documents).toMatchObject([{ status: 'ready', pages: { total: 1, recognised: 1 } }]);
    const { stdout } = await text('documents', '--collection', 'scans');
    expect(stdout).toContain('scan.pdf  (1 passage, 1 of 1 page recognised)');
    expect((await text('remove', 'scan.pdf', '--collection', 'scans')).code).toBe(0);
  });

  it('ask --json has every field, and the counts add up', async () => {
    const { code, value } = await json<AnswerView>('ask', QUESTION, '--max-tokens', '8');
    const number = expect.any(Number);
    expect(value).toMatchObject({
      answer: expect.stringMatching(/ferry/i),
      citations: [
        {
          document: 'ferry.md',
          title: 'Ferry',
          page: null,
          passage: 0,
          text: expect.any(String),
          score: number,
        },
        { document: 'island/lighthouse.md' },
      ],
      usage: {
        prompt_tokens: number,
        reused_tokens: number,
        encoded_tokens: 0,
        final_tokens: number,
        completion_tokens: 8,
      },
      timings_ms: {
        retrieve: number,
        load: number,
        reencode: number,
        attend: number,
        first_token: number,
        total: number,
      },
      attention: 'block',
      model: 'smollm2-135m-instruct',
    });
    const { prompt_tokens, reused_tokens, encoded_tokens, final_tokens } = value.usage;
    expect(reused_tokens + encoded_tokens + final_tokens).toBe(prompt_tokens);
    expect(code).toBe(0);
  });

  it('ask --stream prints the answer, its sources and what was reused', async () => {
    const { code, stdout } = await text('ask', QUESTION, '--stream', '--max-tokens', '8', '--top-k', '1');
    expect(stdout).toMatch(/^[^\n]*ferry/i);
    expect(stdout).toContain('[1] ferry.md: Ferry');
    expect(stdout).toMatch(/block attention: \d+ tokens reused/);
    expect(code).toBe(0);
  });

  it('add --no-wait returns at once, and the next command that stays goes on with the work', async () => {
    writeFileSync(join(cwd, 'pier.txt'), 'The pier is closed in the second week of November for repairs.');
    const queued = await json<Added>('add', 'pier.txt', '--no-wait', '--collection', 'works');
    expect(queued.code).toBe(0);
    expect(queued.value.documents[0]!.collection).toBe('works');
    const { value } = await json<Added>('add', 'pier.txt', '--collection', 'works');
    expect(value.documents).toMatchObject([{ name: 'pier.txt', status: 'ready' }]);
  });

  it('documents and stats show what is stored', async () => {
    const { stdout } = await text('documents', '--collection', 'works');
    expect(stdout).toMatch(/^doc_[0-9a-f]{24} {2}ready {5}works {2}pier\.txt {2}\(1 passage\)\n$/);
    const { value } = await json<Facts>('stats');
    expect(value).toMatchObject({
      compute: 'w8a8',
      kv: 'int8',
      passage_tokens: 256,
      documents: 3,
      ready: 3,
      passages: 3,
      blobs: 4,
      // What `add` was not waited for, the index's upkeep, may be left to this command.
      work: { dead: 0 },
    });
  });

  it('remove takes names and ids, and says what is not there', async () => {
    const { code, stdout, stderr } = await text('remove', 'pier.txt', 'nothing.txt');
    expect(stdout).toBe('removed  pier.txt\n');
    expect(stderr).toBe('error: There is no document nothing.txt. (document_not_found)\n');
    expect(code).toBe(1);
    expect(filesHolding(join(data, 'blobs'), 'second week of November')).toEqual([]);
    expect(filesHolding(join(data, 'index'), 'second week of November')).toEqual([]);
  });

  it('another passage size or dtype is refused, until reencode has made everything again', async () => {
    const refused = await text('ask', QUESTION, '--passage-tokens', '128');
    expect(refused.stderr).toMatch(/^error: The documents \(2, 2 passages\) .*\(reencode_required\)\n$/);
    expect(refused.code).toBe(1);
    const { code, value } = await json<Facts>('reencode', '--passage-tokens', '128', '--kv', 'fp16');
    expect(value).toMatchObject({ ready: 2, passage_tokens: 128, kv: 'fp16' });
    expect(code).toBe(0);
    const answer = await json<AnswerView>('ask', QUESTION, '--max-tokens', '8');
    expect(answer.value.usage.encoded_tokens).toBe(0);
    expect(answer.value.answer).toMatch(/ferry/i);
  });
});
