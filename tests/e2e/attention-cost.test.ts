/** What block attention costs a model is measured once, and shown wherever models are. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import { chooseAttention } from '../../shared/attention/modes.ts';
import { CompiledModel } from '../../shared/model/compiled.ts';
import { prepareModel } from '../../shared/pipeline/prepare-model.ts';
import { TEST_MODEL } from '../support/models.ts';
import { blockragJson } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, startServer, uploadText } from '../support/product/server.ts';
import { LIGHTHOUSE } from '../support/product/texts.ts';
import { testFetch } from '../support/settings.ts';

const cwd = temporaryDirectory();
let model: CompiledModel;
let server: Server | undefined;

/** The default model without its adapter; the phases of what was done for it. */
async function prepared(): Promise<{ model: CompiledModel; phases: Set<string> }> {
  const phases = new Set<string>();
  const found = await prepareModel({
    ...testFetch(),
    reference: TEST_MODEL,
    adapter: 'none',
    compute: 'w8a8',
    requireText: true,
    compare: 'all',
    onProgress: ({ phase }) => phases.add(phase),
  });
  return { model: found, phases };
}

describe('what block attention costs a model', { timeout: 600_000 }, () => {
  beforeAll(async () => {
    ({ model } = await prepared());
    server = await startServer(join(cwd, 'data'));
  }, 600_000);
  afterAll(() => server?.stop('SIGKILL'));

  it('is told in right answers to forty questions, of which it has some under both attentions', () => {
    const { questions, full, block } = model.manifest.attention!;
    expect(questions).toBe(40);
    for (const right of [full, block]) {
      expect(right).toBeGreaterThan(4);
      expect(right).toBeLessThan(40);
    }
  });

  it('is measured once, and kept beside the model', async () => {
    const again = await prepared();
    expect(again.phases).not.toContain('compare attention');
    const opened = await CompiledModel.open(model.directory);
    expect(opened.manifest).toEqual(model.manifest);
  });

  it('is shown by GET /v1/models of the model that answers, not of the one that embeds', async () => {
    const { data } = (await (await server!.fetch('/v1/models')).json()) as {
      data: { attention?: unknown }[];
    };
    expect(data[0]!.attention).toEqual(model.manifest.attention);
    expect(data.at(-1)).not.toHaveProperty('attention');
  });

  it('is shown by `model list`', async () => {
    type Listed = { compiled: { directory: string; attention: unknown }[] };
    const { value } = await blockragJson<Listed>(['model', 'list'], { cwd });
    const found = value.compiled.find(({ directory }) => directory === model.directory);
    expect(found!.attention).toEqual(model.manifest.attention);
  });

  it('decides what attention "auto" is', async () => {
    await uploadText(server!, 'lighthouse.md', LIGHTHOUSE, 'default');
    const body = { question: 'When was the lighthouse of Grimsay built?', attention: 'auto', max_tokens: 2 };
    const answer = (await (await server!.post('/v1/query', body)).json()) as AnswerView;
    expect(answer.attention).toBe(chooseAttention('auto', model.manifest.attention));
  });
});
