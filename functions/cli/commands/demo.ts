/** blockrag demo: the main job on the sample documents, with block and full attention side by side. */
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openClient } from '../client.ts';
import { type CommonOptions, toConfig } from '../options.ts';
import { ProgressLine, plain, print, printJson } from '../terminal.ts';
import { printSources } from './ask.ts';

const SAMPLES = new URL('../samples/', import.meta.url);
const COLLECTION = 'demo';
const QUESTIONS = [
  'Who was the first keeper of the lighthouse?',
  'How large is the mirror of the main telescope?',
  'When does the ferry leave the harbour?',
];

export async function demo(options: CommonOptions, signal: AbortSignal): Promise<number> {
  const json = options.json === true;
  const client = await openClient(toConfig(options), { command: 'demo', quiet: json, create: true, signal });
  try {
    const samples = (await readdir(SAMPLES)).filter((name) =>
      ['.pdf', '.docx', '.html', '.md', '.txt'].includes(extname(name)),
    );
    if (!json) print(`Reading ${samples.length} sample documents, once (${fileURLToPath(SAMPLES)}).`);
    const started = performance.now();
    for (const name of samples) {
      await client.add({
        collection: COLLECTION,
        name,
        bytes: new Uint8Array(await readFile(new URL(name, SAMPLES))),
      });
    }
    const progress = new ProgressLine({ quiet: json });
    for (;;) {
      const documents = await client.documents(COLLECTION);
      const passages = documents.reduce((sum, document) => sum + document.passages, 0);
      const encoded = documents.reduce(
        (sum, { status, passages, encoded }) => sum + (status === 'ready' ? passages : encoded),
        0,
      );
      progress.update('encoding passages', encoded, passages || undefined);
      if (documents.every(({ status }) => status === 'ready' || status === 'failed')) break;
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    progress.end();
    const encodeMs = performance.now() - started;
    const documents = await client.documents(COLLECTION);
    const passages = documents.reduce((sum, document) => sum + document.passages, 0);
    const tokens = documents.reduce((sum, document) => sum + document.tokens, 0);
    if (!json)
      print(
        `${documents.length} documents, ${passages} passages, ${tokens} tokens in ${(encodeMs / 1000).toFixed(1)} s.\n`,
      );
    const results = [];
    for (const question of QUESTIONS) {
      const request = { question, collection: COLLECTION, top_k: 5, max_tokens: 64 };
      const block = await client.ask({ ...request, attention: 'block' }, signal);
      const full = await client.ask({ ...request, attention: 'full' }, signal);
      results.push({ question, block, full });
      if (json) continue;
      print(`Q: ${question}`);
      print(`A: ${plain(block.answer)}`);
      printSources(block);
      const ratio = full.timings_ms.first_token / block.timings_ms.first_token;
      print(
        `  full attention: 0 tokens reused, ${full.usage.prompt_tokens} computed; first token after ${Math.round(full.timings_ms.first_token)} ms (${ratio.toFixed(1)} times as long): ${plain(full.answer)}\n`,
      );
    }
    if (json)
      printJson({ documents: documents.length, passages, tokens, encode_ms: Math.round(encodeMs), results });
    else {
      print('Next: npm start serves the API; npm run -s blockrag -- ask "..." --collection demo asks more;');
      print('      npm run -s blockrag -- add FILES adds your own documents.');
    }
    return documents.every(({ status }) => status === 'ready') ? 0 : 1;
  } finally {
    await client.close();
  }
}
