/**
 * Forty questions about the demo's documents (functions/cli/samples), end to end as a user has it: added, retrieved
 * and answered, with block and with full attention. A table in Markdown, what was said to each below it.
 *
 * node --import tsx tests/eval/samples.ts [--adapter FILE | --no-adapter] [--json]
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { openLocal } from '../../functions/cli/client.ts';
import { addSamples, COLLECTION, SAMPLES } from '../../functions/cli/commands/demo.ts';
import { testConfig } from '../support/settings.ts';
import { type Judgement, judge } from './metrics.ts';
import { ADAPTER_OPTIONS, adapterOf } from './options.ts';
import { table } from './report.ts';

const MODES = ['block', 'full'] as const;
const questionsSchema = z.array(z.object({ question: z.string(), answers: z.array(z.string()).min(1) }));

const { values } = parseArgs({
  options: { ...ADAPTER_OPTIONS, json: { type: 'boolean' } },
});
const questions = questionsSchema.parse(
  JSON.parse(await readFile(new URL('questions.json', SAMPLES), 'utf8')),
);
const data = await mkdtemp(join(tmpdir(), 'blockrag-samples-'));
const { signal } = new AbortController();
const config = testConfig({ data, adapter: adapterOf(values) });
const client = await openLocal(config, { command: 'eval', quiet: true, create: true, signal });
const results: ({ question: string; attention: string; answer: string } & Judgement)[] = [];
try {
  const documents = await addSamples(client, true, signal);
  const failed = documents.find(({ status }) => status !== 'ready');
  if (failed !== undefined) throw new Error(`${failed.name} was not read: ${failed.error?.message}`);
  for (const { question, answers } of questions) {
    for (const attention of MODES) {
      const request = { collection: COLLECTION, top_k: 5, max_tokens: 32, attention, signal };
      const { answer } = await client.ask(question, request);
      results.push({ question, attention, answer, ...judge(answer, answers) });
    }
    process.stderr.write(`${results.length / MODES.length}/${questions.length}\n`);
  }
} finally {
  await client.close();
  await rm(data, { recursive: true, force: true });
}
if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
else {
  const rows = MODES.map((mode) => {
    const own = results.filter(({ attention }) => attention === mode);
    const count = (name: 'contained' | 'exact') => String(own.filter((result) => result[name]).length);
    return [mode, count('contained'), count('exact'), String(own.length)];
  });
  process.stdout.write(`${table(['attention', 'contained', 'exact', 'questions'], rows)}\n\n`);
  for (const { question, attention, answer, contained } of results) {
    process.stdout.write(`${contained ? '+' : '-'} ${attention}  ${question}  ${JSON.stringify(answer)}\n`);
  }
}
