/**
 * Cold start of the query function under Lambda's runtime: from the start of the process to the first answer, with
 * documents and KV blobs in S3 (versitygw) and the catalog in DynamoDB (DynamoDB Local). Median of the runs.
 * Usage: node --import tsx tests/bench/cold-start.ts [--runs 3]
 */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ARTIFACTS } from '../../infra/artifact/artifacts.ts';
import { bundle } from '../../infra/artifact/bundle.ts';
import { KeyRing } from '../../shared/access/keys.ts';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import { startFunction } from '../services/ric.ts';
import { startCloud } from '../support/aws/cloud.ts';
import { eventsIn, gatewayEvent, streamedResponse, textOf } from '../support/aws/gateway.ts';
import { openInProcess } from '../support/aws/opened.ts';
import { manyPassages } from '../support/product/texts.ts';
import { median } from '../support/quantiles.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TENANT = 'acme';
const PASSAGES = 100;
const QUESTION = {
  question: 'Where was the skua number 49 seen?',
  stream: true,
  max_tokens: 4,
  temperature: 0,
};
/** The runtime itself, without a function to speak of. */
const EMPTY = 'export const handler = awslambda.streamifyResponse(async (_, stream) => stream.end("{}"));';

const { values } = parseArgs({ options: { runs: { type: 'string' } } });
const runs = Number(values.runs ?? 3);
const folder = await mkdtemp(join(tmpdir(), 'blockrag-cold-'));
const cloud = await startCloud({ BLOCKRAG_LOG: 'silent', BLOCKRAG_BLOB_CACHE_BYTES: '100000000' });
try {
  const key = await prepare();
  await bundleQuery();
  const started = (handler: string, environment: Record<string, string> = {}) =>
    startFunction({
      directory: folder,
      handler,
      environment: { PATH: process.env.PATH, ...cloud.environment, ...environment },
    });
  const report = async (what: string, measure: () => Promise<Record<string, number>>) => {
    const figures: Record<string, number>[] = [];
    for (let run = 0; run < runs; run++) figures.push(await measure());
    const medians = Object.keys(figures[0]!).map((name) => [
      name,
      Math.round(median(figures.map((row) => row[name]!))),
    ]);
    print(`${what.padEnd(44)} ${medians.map(([name, ms]) => `${name} ${ms} ms`).join(', ')}`);
  };

  await report('runtime with an empty function', async () => {
    const at = performance.now();
    const lambda = await started('empty.handler');
    await textOf((await lambda.invoke({})).chunks);
    return { total: await ended(at, lambda) };
  });
  await report('modules loaded (no settings: ends there)', async () => {
    const at = performance.now();
    const lambda = await started('query.handler', { BLOCKRAG_TABLE: '' });
    await lambda.invoke({}).catch(() => {});
    return { total: await ended(at, lambda) };
  });
  await report('first answer of /healthz', async () => {
    const at = performance.now();
    const lambda = await started('query.handler');
    const { pieces } = await streamedResponse(await lambda.invoke(gatewayEvent({ path: '/healthz' })));
    await textOf(pieces);
    return { total: await ended(at, lambda) };
  });
  await report('first token of a question', async () => {
    const at = performance.now();
    const lambda = await started('query.handler');
    const event = gatewayEvent({ path: '/v1/query', body: QUESTION, key });
    const { pieces } = await streamedResponse(await lambda.invoke(event));
    let first: number | undefined;
    let answer: AnswerView | undefined;
    for await (const { event: name, data } of eventsIn(pieces)) {
      first ??= performance.now() - at;
      if (name === 'done') answer = data as AnswerView;
    }
    await lambda.stop();
    if (answer === undefined) throw new Error(`no answer:\n${lambda.log()}`);
    const { retrieve, load, encode, reencode, attend, first_token } = answer.timings_ms;
    return {
      total: Math.round(first!),
      of_it_in_the_request: first_token,
      retrieve,
      load,
      encode,
      reencode,
      attend,
    };
  });
  await report('the same on a warm instance', async () => {
    const lambda = await started('query.handler');
    const event = gatewayEvent({ path: '/v1/query', body: QUESTION, key });
    const ask = async () => textOf((await streamedResponse(await lambda.invoke(event))).pieces);
    await ask();
    const at = performance.now();
    const { pieces } = await streamedResponse(await lambda.invoke(event));
    let first: number | undefined;
    for await (const _ of pieces) first ??= performance.now() - at;
    await lambda.stop();
    return { total: Math.round(first!) };
  });
} finally {
  await cloud.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Documents that are ready; gives a key. */
async function prepare(): Promise<string> {
  const opened = await openInProcess(cloud, { works: true });
  const object = `documents/${TENANT}/default/notes.md`;
  await cloud.put(object, manyPassages(PASSAGES, 0));
  await opened.follow(object);
  await opened.settled(object);
  const { table } = opened.system.services.catalog;
  const { key } = await new KeyRing(table).add({ tenant: TENANT, name: 'bench', scopes: ['read'] });
  await opened.close();
  return key;
}

async function bundleQuery(): Promise<void> {
  const entry = ARTIFACTS.find(({ name }) => name === 'functions')?.entries.query;
  if (entry === undefined) throw new Error('the artifact of the functions has no query');
  await bundle({ root: ROOT, entries: { query: entry }, out: folder });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'empty.mjs'), EMPTY);
}

async function ended(at: number, lambda: { stop(): Promise<void> }): Promise<number> {
  const ms = performance.now() - at;
  await lambda.stop();
  return Math.round(ms);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
