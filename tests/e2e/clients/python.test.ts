/** Clients in Python, each a script in python/ that prints what it got. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../../services/describe-with.ts';
import { serviceDirectory } from '../../services/install.ts';
import { writeCl100k } from '../../support/cl100k-file.ts';
import { runProcess } from '../../support/product/command.ts';
import { temporaryDirectory } from '../../support/product/directory.ts';
import { askServer, type Server, startServer, uploadText } from '../../support/product/server.ts';
import { FERRY } from '../../support/product/texts.ts';

const MODEL = 'smollm2-135m-instruct@station';
const installed = serviceDirectory('python-clients');

async function runScript(name: string, url: string, env: Record<string, string> = {}): Promise<unknown> {
  const command = [join(installed, 'bin/python'), join(import.meta.dirname, 'python', `${name}.py`)];
  const given = { BASE_URL: `${url}/v1`, MODEL, PYTHONDONTWRITEBYTECODE: '1', ...env };
  const { code, stdout, stderr } = await runProcess(command, { env: given });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

describeWith(['python-clients'], 'clients in Python', () => {
  let server: Server;
  let answer: string;
  beforeAll(async () => {
    server = await startServer(temporaryDirectory());
    await uploadText(server, 'ferry.md', FERRY, 'station');
    ({ answer } = await askServer(server, 'When does the ferry to Grimsay leave?', {
      collection: 'station',
    }));
  });
  afterAll(() => server?.stop('SIGKILL'));

  describe.each([
    ['3.57.0', { PYTHONPATH: join(installed, 'openai') }],
    ['2.54.0', {}],
  ])('openai %s', (version, env) => {
    it('chats, asks by the Responses API, embeds, and reads our errors', async () => {
      const refused = { kind: 'BadRequestError', status: 400 };
      const result = (await runScript('openai_client', server.url, env)) as Record<string, string>;
      expect(result).toMatchObject({
        version,
        models: ['smollm2-135m-instruct', MODEL, 'all-minilm-l6-v2'],
        answer,
        again: expect.any(String),
        usage: 8,
        response: answer,
        cited: ['ferry.md'],
        response_again: expect.stringMatching(/completed|incomplete/),
        dimensions: [384, 384],
        unknown_model: { kind: 'NotFoundError', status: 404, code: 'model_unknown', param: 'model' },
        two_answers: { ...refused, code: 'unsupported_parameter', param: 'n' },
        too_long: { ...refused, code: 'context_length_exceeded', param: 'messages' },
        completions: { kind: 'NotFoundError', status: 404, code: 'not_found' },
      });
      expect(result.streamed!.trim()).toBe(answer);
      expect(result.response_streamed).toContain(answer);
    });
  });

  it('LangChain asks both ways, and embeds as it does by default: with token ids', async () => {
    const vocabulary = temporaryDirectory();
    await writeCl100k(vocabulary);
    const result = await runScript('langchain_client', server.url, { TIKTOKEN_CACHE_DIR: vocabulary });
    const asked = { answer, again: expect.stringMatching(/./), streamed: expect.stringContaining(answer) };
    expect(result).toMatchObject({ chat: asked, responses: asked, embedded: 1200 });
    expect((result as { similarity: number }).similarity).toBeCloseTo(1, 4);
  });

  it('LlamaIndex asks and embeds', async () => {
    const result = await runScript('llama_index_client', server.url);
    expect(result).toEqual({
      answer,
      again: expect.stringMatching(/./),
      streamed: expect.stringContaining(answer),
      completed: answer,
      dimensions: [384, 384],
    });
  });
});
