/** The README's snippets, as they stand; only the port and the place of the data are this test's. */
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, PROJECT, runProcess } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, startServer } from '../support/product/server.ts';

const README = readFileSync(join(PROJECT, 'README.md'), 'utf8');
const TSX = import.meta.resolve('tsx');

/** The code of the blocks in a language. */
function snippets(language: string): string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code]) => code!,
  );
}

const [, shell = ''] = snippets('bash');
const commands = shell.split('\n').flatMap((line) => line.replace(/\s+#.*$/, '') || []);
const at = commands.indexOf('npm start');
const data = temporaryDirectory();
/** As users have it: the default model, with the adapter that is shipped. */
const env = { BLOCKRAG_DATA: data, BLOCKRAG_MODEL: '', BLOCKRAG_ADAPTER: '' };

function run(command: string, url?: string): Promise<Finished> {
  const local = url === undefined ? command : command.replace('http://127.0.0.1:8080', url);
  return runProcess(['bash', '-c', local], { cwd: PROJECT, env });
}

/** Runs a snippet as a program of its own. */
async function program(code: string, folder: string): Promise<Finished> {
  const file = join(folder, 'snippet.mts');
  await writeFile(file, code);
  return runProcess([process.execPath, '--import', TSX, file], { cwd: folder });
}

describe('the commands', () => {
  let server: Server;
  beforeAll(async () => {
    for (const command of commands.slice(0, at)) {
      expect(await run(command), command).toMatchObject({ code: 0 });
    }
    server = await startServer(data, env);
  });
  afterAll(() => server.stop());

  it('answer from the documents that they add', async () => {
    const [, ask] = commands;
    const { code, stdout } = await run(ask!);
    expect(code).toBe(0);
    expect(stdout).toContain('Flora and Fergus');
  });

  it('work beside the server that npm start runs', async () => {
    const { scripts } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8'));
    expect(scripts.start).toBe('node functions/cli/blockrag.js serve');
    const outputs: string[] = [];
    for (const command of commands.slice(at + 1)) {
      const { code, stdout, stderr } = await run(command, server.url);
      expect(code, `${command}: ${stderr}`).toBe(0);
      outputs.push(stdout);
    }
    const [added, answered, removed, help] = outputs;
    expect(JSON.parse(added!)).toMatchObject({ name: 'instruments.md' });
    expect(JSON.parse(answered!).usage.reused_tokens).toBeGreaterThan(0);
    expect(removed).toContain('functions/cli/samples/history.txt');
    expect(help).toContain('Usage: blockrag');
  });

  it("and OpenAI's client is answered from them under the model's own name", async () => {
    const openai = JSON.stringify(import.meta.resolve('openai'));
    const [, code] = snippets('ts');
    const local = code!.replace('http://127.0.0.1:8080', server.url).replace("'openai'", openai);
    expect(local).toContain('smollm2-135m-instruct@default');
    const { stdout, stderr } = await program(local, temporaryDirectory());
    expect(stdout.trim(), stderr).toBe('Flora and Fergus');
  });
});

it('the program answers from stored keys and values', async () => {
  const library = JSON.stringify(join(PROJECT, 'shared/index.ts'));
  const [code] = snippets('ts');
  const { stdout, stderr } = await program(code!.replace("'blockrag'", library), temporaryDirectory());
  expect(stdout, stderr).toMatch(/ferry\.md [1-9]\d*\n$/);
});
