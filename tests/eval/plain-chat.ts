/**
 * Does the adapter leave plain chat as it was? Twenty prompts without documents, full attention, greedy; a table in
 * Markdown, with the adapter and without (docs/lab/adapter.md).
 *
 * node --import tsx tests/eval/plain-chat.ts [--adapter FILE]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GREEDY } from '../../shared/attention/sampling.ts';
import { openEmbedded, testConfig } from '../support/settings.ts';
import { table } from './report.ts';

const MAX_TOKENS = 48;

const PROMPTS = [
  'What is the capital of France?',
  'Write one sentence about the sea.',
  'What is 7 plus 5?',
  'Name three fruits.',
  'Translate "good morning" into Spanish.',
  'Explain in one sentence what a computer is.',
  'Who wrote Romeo and Juliet?',
  'Give me a title for a story about a lost dog.',
  'What is the opposite of hot?',
  'How many days does a week have?',
  'Hello! How are you today?',
  'Give me two tips for sleeping better.',
  'Correct this sentence: She go to school every days.',
  'What do bees make?',
  'Write a short poem about rain.',
  'Is the sun a star or a planet?',
  'Finish the sentence: Once upon a time, there was',
  'What should I wear when it snows?',
  'List the primary colours.',
  'Thank you for your help!',
];

async function answerAll(adapter: string): Promise<string[]> {
  const data = await mkdtemp(join(tmpdir(), 'blockrag-chat-'));
  const blockrag = await openEmbedded(testConfig({ data, adapter }));
  try {
    const answers: string[] = [];
    for (const content of PROMPTS) {
      const turns = [{ role: 'user', content } as const];
      const { answer } = await blockrag.chat({
        ...{ tenant: 'eval', turns, maxTokens: MAX_TOKENS, sampling: GREEDY, stop: [] },
      });
      answers.push(answer);
      process.stderr.write(`${answers.length}/${PROMPTS.length}\n`);
    }
    return answers;
  } finally {
    await blockrag.close();
    await rm(data, { recursive: true, force: true });
  }
}

const { values } = parseArgs({ options: { adapter: { type: 'string' } } });
const tuned = await answerAll(values.adapter ?? 'shipped');
const base = await answerAll('none');
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' / ');
const rows = PROMPTS.map((prompt, i) => [prompt, cell(tuned[i]!), cell(base[i]!)]);
process.stdout.write(`${table(['prompt', 'with the adapter', 'without'], rows)}\n`);
