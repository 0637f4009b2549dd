/**
 * What grows with the passages that are stored: retrieval, first token, memory, bytes on the disk. Real documents
 * among passages of one token with random vectors and words.
 * Usage: node --import tsx tests/bench/scaling.ts [--passages 1000,10000,100000] [--json] [--svg FILE]
 */

import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { REFERENCE_PASSAGES } from '../../shared/attention/reference-text.ts';
import { passageId } from '../../shared/catalog/passages.ts';
import { DEFAULT_COLLECTION, DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import { documentId } from '../../shared/pipeline/intake/submit.ts';
import { keyOf } from '../../shared/pipeline/stored-kv/location.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { idle } from '../support/product/blockrag.ts';
import { median } from '../support/quantiles.ts';
import { openEmbedded, testConfig } from '../support/settings.ts';
import { drawTimes } from './speed/peers.ts';

const { values } = parseArgs({
  options: {
    passages: { type: 'string', default: '1000,10000,100000' },
    json: { type: 'boolean', default: false },
    svg: { type: 'string' },
  },
});
const SAMPLES = fileURLToPath(new URL('../../functions/cli/samples/', import.meta.url));
const QUESTIONS = [
  'Who founded the station?',
  'How much water does the cistern hold?',
  'What does the camera Owl do?',
  'When are the public nights?',
];
/** Passages of one made-up document, and how often each question is asked. */
const PER_DOCUMENT = 1000;
const ROUNDS = 6;
const WORDS = REFERENCE_PASSAGES.flatMap(({ text }) => text.split(/\s+/));
const tenant = DEFAULT_TENANT;
const collection = DEFAULT_COLLECTION;

const say = (text: string) => void process.stderr.write(`${text}\n`);
let state = 1;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

function randomVector(): Float32Array {
  const vector = Float32Array.from({ length: 384 }, () => random() + random() - 1);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Stores a document of passages as ingest would leave it, but for the blobs. */
async function addMadeUp({ services }: System, number: number): Promise<void> {
  const { catalog, index, fingerprint } = services;
  const name = `made-up-${number}`;
  const id = documentId(tenant, collection, name);
  const version = 'v0000000000000000';
  const tokens = Uint32Array.of(1000 + number);
  const passages = Array.from({ length: PER_DOCUMENT }, (_, i) => ({
    index: i,
    title: name,
    text: Array.from({ length: 12 }, () => WORDS[Math.floor(random() * WORDS.length)]!).join(' '),
    page: null,
    tokens,
    blobKey: keyOf(services, tenant, tokens),
  }));
  await catalog.passages.put(id, version, passages);
  await index.add(
    passages.map(({ index: i, title, text }) => ({
      ...{ id: passageId({ document: id, version, index: i }), tenant, collection, document: id, version },
      ...{ labels: [], title, text, vector: randomVector() },
    })),
  );
  await catalog.documents.update(tenant, id, () => ({
    ...{ id, tenant, collection, name, title: name, metadata: {}, mediaType: 'text/plain' },
    ...{ bytes: 0, sha256: '', status: 'ready', version, pending: null, retiring: [] },
    ...{ fingerprint, pendingFingerprint: null, ready: null, error: null },
    ...{ passages: PER_DOCUMENT, encoded: PER_DOCUMENT, tokens: PER_DOCUMENT },
    ...{ created: Date.now(), updated: Date.now() },
  }));
}

async function bytesOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

async function ask(blockrag: System, question: string) {
  const { timings, usage, citations } = await blockrag.ask({
    ...{ tenant, collection, question, attention: 'block', topK: 5, maxTokens: 1, stop: [] },
    sampling: { temperature: 0, topP: 1, topK: 0, seed: undefined },
  });
  if (citations.length === 0) throw new Error(`nothing was found about: ${question}`);
  return { ...timings, encoded: usage.encodedTokens };
}

const data = await mkdtemp(join(tmpdir(), 'blockrag-scaling-'));
const blockrag = await openEmbedded(testConfig({ data }));
const rows: Record<string, number>[] = [];
try {
  const names = await readdir(SAMPLES);
  for (const name of names.filter((file) => file.includes('.') && !file.endsWith('.json'))) {
    const bytes = await readFile(join(SAMPLES, name));
    await blockrag.add({ tenant, collection, name, mediaType: undefined, bytes });
  }
  await idle(blockrag, 100);
  let documents = 0;
  for (const wanted of [0, ...values.passages.split(',').map(Number)]) {
    const started = performance.now();
    const before = documents;
    while (documents * PER_DOCUMENT < wanted) await addMadeUp(blockrag, documents++);
    const added = (documents - before) * PER_DOCUMENT;
    const addMs = performance.now() - started;
    const optimizing = performance.now();
    await blockrag.services.index.optimize();
    const optimizeMs = performance.now() - optimizing;
    const asked: Awaited<ReturnType<typeof ask>>[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      for (const question of QUESTIONS) {
        const figures = await ask(blockrag, question);
        if (round > 0) asked.push(figures);
      }
    }
    rows.push({
      passages: wanted,
      retrieve_ms: median(asked.map(({ retrieve }) => retrieve)),
      load_ms: median(asked.map(({ load }) => load)),
      first_token_ms: median(asked.map(({ firstToken }) => firstToken)),
      encoded_tokens: Math.max(...asked.map(({ encoded }) => encoded)),
      added_per_second: added === 0 ? 0 : Math.round((added * 1000) / addMs),
      optimize_ms: Math.round(optimizeMs),
      rss_mb: Math.round(process.memoryUsage.rss() / 1e6),
      disk_mb: Math.round((await bytesOf(data)) / 1e5) / 10,
    });
    say(JSON.stringify(rows.at(-1)));
  }
} finally {
  await blockrag.close();
  await rm(data, { recursive: true });
}
if (values.svg !== undefined) {
  const drawn = { retrieve: 'retrieve', load: 'load the blobs', first_token: 'first token' };
  const points = rows
    .filter(({ passages }) => passages! > 0)
    .flatMap((row) =>
      Object.entries(drawn).map(([name, who]) => ({ x: row.passages!, ms: row[`${name}_ms`]!, who })),
    );
  await drawTimes(values.svg, points, { x: 'passages stored', y: 'ms' });
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else {
  const names = Object.keys(rows[0]!);
  process.stdout.write(`| ${names.join(' | ')} |\n|${'---|'.repeat(names.length)}\n`);
  for (const row of rows) process.stdout.write(`| ${names.map((name) => row[name]).join(' | ')} |\n`);
}
