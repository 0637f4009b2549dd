/**
 * Can a tenant tell by the clock that another has a passage? Pairs of uploads of one tenant, in random order: a text
 * that the other tenant has encoded, and one that nobody has. Each is timed from the upload until it is ready.
 * Usage: node --import tsx tests/bench/tenant-timing.ts [--pairs 40] [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { idle } from '../support/product/blockrag.ts';
import { openEmbedded, testConfig } from '../support/settings.ts';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '40' }, json: { type: 'boolean', default: false } },
});
const pairs = Number(values.pairs);

const WORDS = 'tide lamp stone rope gull harbour mast signal winter bell keeper storm bread island'.split(
  ' ',
);

/** Texts of equal length that share no passage. */
function textOf(seed: number): string {
  const sentence = (i: number) =>
    `The ${WORDS[(seed + i) % 14]} of day ${1000 + seed} meets the ${WORDS[(seed * 3 + i) % 14]} number ${100 + i}.`;
  return Array.from({ length: 40 }, (_, i) => sentence(i)).join(' ');
}

const data = await mkdtemp(join(tmpdir(), 'blockrag-tenant-timing-'));
const blockrag = await openEmbedded(testConfig({ data }));

/** Milliseconds from the upload until the document is ready and nothing is left to be done. */
async function add(tenant: string, seed: number): Promise<number> {
  const started = performance.now();
  const bytes = new TextEncoder().encode(textOf(seed));
  await blockrag.add({ tenant, collection: 'c', name: `${seed}.txt`, mediaType: 'text/plain', bytes });
  await idle(blockrag, 2);
  return performance.now() - started;
}

try {
  await blockrag.warm();
  for (let pair = 0; pair < pairs; pair++) await add('other', pair);
  for (let warm = 0; warm < 5; warm++) await add('spy', 5000 + warm);
  const differences: number[] = [];
  const held: number[] = [];
  const fresh: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const heldFirst = Math.random() < 0.5;
    const first = await add('spy', heldFirst ? pair : 1000 + pair);
    const second = await add('spy', heldFirst ? 1000 + pair : pair);
    held.push(heldFirst ? first : second);
    fresh.push(heldFirst ? second : first);
    differences.push(held.at(-1)! - fresh.at(-1)!);
  }
  const mean = (numbers: number[]) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  const spread = Math.sqrt(mean(differences.map((d) => (d - mean(differences)) ** 2)) / (pairs - 1));
  const result = {
    pairs,
    other_tenant_has_it_ms: mean(held),
    nobody_has_it_ms: mean(fresh),
    difference_ms: mean(differences),
    // Of the mean difference: within it there is nothing to be told apart.
    interval_95_ms: 1.96 * spread,
  };
  process.stdout.write(`${JSON.stringify(result, null, values.json ? 0 : 2)}\n`);
} finally {
  await blockrag.close();
  await rm(data, { recursive: true, force: true });
}
