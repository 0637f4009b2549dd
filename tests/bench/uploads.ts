/**
 * Documents per second of the embedded default: small texts, one passage each, until they are acknowledged (durable)
 * and until all are ready and the work queue is empty. Each round has a data directory of its own.
 * Usage: node --import tsx tests/bench/uploads.ts [--documents 500] [--at-once 16] [--rounds 3] [--json]
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { addText, idle, openSystem } from '../support/product/blockrag.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '500' },
    'at-once': { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const documents = Number(values.documents);
const atOnce = Number(values['at-once']);
const rounds = Number(values.rounds);

async function measure() {
  const data = await mkdtemp(join(tmpdir(), 'blockrag-uploads-'));
  const blockrag = await openSystem(data);
  try {
    await blockrag.warm();
    await addText(blockrag, 'first.txt', 'The first document is not measured.');
    const cpu = process.cpuUsage();
    const started = performance.now();
    let next = 0;
    const uploader = async () => {
      while (next < documents) await add(blockrag, next++);
    };
    await Promise.all(Array.from({ length: atOnce }, uploader));
    const acknowledged = performance.now() - started;
    // Counting what is left costs the table a little: now and then is enough.
    await idle(blockrag, 200);
    const done = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    const { ready, passages } = await blockrag.stats(DEFAULT_TENANT);
    if (ready !== documents + 1 || passages !== documents + 1) {
      throw new Error(
        `${ready} documents of ${passages} passages are ready, not ${documents + 1} of one each.`,
      );
    }
    return {
      acknowledged_per_second: documents / (acknowledged / 1000),
      ready_per_second: documents / (done / 1000),
      cpu_seconds: (user + system) / 1e6,
    };
  } finally {
    await blockrag.close();
    await rm(data, { recursive: true, force: true });
  }
}

async function add(blockrag: System, n: number): Promise<void> {
  const text = `On day ${n} the keeper wrote ${n * 7 + 3} lines into the log book of harbour ${n % 13}.`;
  await blockrag.add({
    tenant: DEFAULT_TENANT,
    collection: 'default',
    name: `${n}.txt`,
    mediaType: 'text/plain',
    bytes: new TextEncoder().encode(text),
  });
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const each: Awaited<ReturnType<typeof measure>>[] = [];
for (let round = 0; round < rounds; round++) each.push(await measure());
const result = {
  documents,
  at_once: atOnce,
  acknowledged_per_second: median(each.map((round) => round.acknowledged_per_second)),
  ready_per_second: median(each.map((round) => round.ready_per_second)),
  cpu_seconds: median(each.map((round) => round.cpu_seconds)),
  rounds: each,
};
process.stdout.write(`${JSON.stringify(result, null, values.json ? 0 : 2)}\n`);
