/** blockrag demo: the main job on the sample documents, with block and full attention side by side. */
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnswerView } from '../../../shared/api/views/answer.ts';
import type { DocumentView } from '../../../shared/api/views/document.ts';
import { openClient } from '../client.ts';
import { type Client, idle } from '../client-interface.ts';
import { dataPlace } from '../given.ts';
import type { CommonOptions } from '../options.ts';
import { plain, print, printJson } from '../terminal.ts';
import { waitFor } from '../waiting.ts';
import { printSources } from './ask.ts';

/** The folder of the sample documents and the questions about them. */
export const SAMPLES = new URL('../samples/', import.meta.url);
const FORMATS = ['.pdf', '.docx', '.html', '.md', '.txt'];
export const COLLECTION = 'demo';
/** How the command is run from the clone, and from the npm package. */
const COMMAND = import.meta.url.endsWith('.ts') ? 'npm run -s blockrag --' : 'npx blockrag';
/** Three that the default model answers rightly; how many of all forty: docs/lab/accuracy.md. */
const QUESTIONS = [
  'What are the names of the two wind turbines?',
  'How many pairs of puffins were counted in 2024?',
  'What was the first computer on the island called?',
];

export async function demo(options: CommonOptions, signal: AbortSignal): Promise<number> {
  const json = options.json === true;
  const client = await openClient(options, { command: 'demo', quiet: json, create: true, signal });
  try {
    if (!json) print(`Reading the sample documents in ${fileURLToPath(SAMPLES)}, once.`);
    const started = performance.now();
    const documents = await addSamples(client, json, signal);
    const seconds = (performance.now() - started) / 1000;
    const passages = documents.reduce((sum, document) => sum + document.passages, 0);
    const tokens = documents.reduce((sum, document) => sum + document.tokens, 0);
    if (!json) {
      print(
        `${documents.length} documents, ${passages} passages, ${tokens} tokens in ${seconds.toFixed(1)} s.\n`,
      );
    }
    // The figures are those of a system at rest, with its index tidied up.
    await idle(client, dataPlace(options), signal);
    await client.warm?.();
    const results = [];
    for (const question of QUESTIONS) {
      const request = { collection: COLLECTION, top_k: 5, max_tokens: 64, signal };
      const block = await client.ask(question, { ...request, attention: 'block' });
      const full = await client.ask(question, { ...request, attention: 'full' });
      results.push({ question, block, full });
      if (!json) show(question, block, full);
    }
    if (json) printJson({ documents: documents.length, passages, tokens, seconds, results });
    else {
      print(`Next: ${COMMAND} serve                        serves the API`);
      print(`      ${COMMAND} ask "..." --collection ${COLLECTION}  asks more`);
      print(`      ${COMMAND} add FILES                    adds your own documents`);
    }
    return documents.every(({ status }) => status === 'ready') ? 0 : 1;
  } finally {
    await client.close();
  }
}

/** Adds the sample documents to the collection and waits until they are encoded. */
export async function addSamples(
  client: Client,
  json: boolean,
  signal: AbortSignal,
): Promise<DocumentView[]> {
  const views: DocumentView[] = [];
  for (const name of await readdir(SAMPLES)) {
    if (!FORMATS.includes(extname(name))) continue;
    const bytes = new Uint8Array(await readFile(new URL(name, SAMPLES)));
    views.push(await client.add({ collection: COLLECTION, name, bytes }));
  }
  return waitFor(client, views, json, signal);
}

function show(question: string, block: AnswerView, full: AnswerView): void {
  print(`Q: ${question}`);
  print(`A: ${plain(block.answer)}`);
  printSources(block);
  const { first_token } = full.timings_ms;
  const ratio = (first_token / block.timings_ms.first_token).toFixed(1);
  const computed = full.usage.encoded_tokens + full.usage.final_tokens;
  print(
    `  full attention: 0 tokens reused, ${computed} computed; first token after ${Math.round(first_token)} ms, ${ratio} times as long\n    ${plain(full.answer)}\n`,
  );
}
