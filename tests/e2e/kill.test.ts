import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeBlob } from '../../shared/kv/blob.ts';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import { blobPath } from '../../shared/pipeline/stored-kv/location.ts';
import { addText, askBlockrag, idle, openSystem } from '../support/product/blockrag.ts';
import { startBlockrag } from '../support/product/command.ts';
import {
  blobFiles,
  filesUnder,
  originals,
  temporaryDirectory,
  temporaryFiles,
} from '../support/product/directory.ts';
import { manyPassages } from '../support/product/texts.ts';

const KILLS = 5;
const PASSAGES = 200;

/** Numbers from 0 to 1 of a fixed sequence (the minimal standard generator): a failure can be looked at again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('a process that is killed while it adds 200 passages', () => {
  it('loses nothing and leaves nothing half done, however often it happens', async () => {
    const cwd = temporaryDirectory();
    const data = join(cwd, 'data');
    // Two documents: one may be ready, and one queued, when the process dies.
    writeFileSync(join(cwd, 'first.md'), manyPassages(PASSAGES / 2, 0));
    writeFileSync(join(cwd, 'second.md'), manyPassages(PASSAGES / 2, PASSAGES / 2));
    const next = random(Number(process.env.BLOCKRAG_TEST_SEED ?? 1));
    const add = ['add', 'first.md', 'second.md', '--passage-tokens', '32', '--data', data, '--json'];
    let stored = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const child = startBlockrag(add, { cwd });
      // Each run comes a little further, and is far from the end when it is killed, on a fast machine too.
      const enough = stored + Math.floor(next() * 35);
      while (child.running() && blobCount(data) <= enough) await pause(5);
      await pause(next() * 50);
      await child.kill();
      expect(blobCount(data)).toBeGreaterThan(stored);
      stored = blobCount(data);
    }

    const blockrag = await openSystem(data);
    try {
      await idle(blockrag);
      const { documents } = await blockrag.documents(DEFAULT_TENANT, { limit: 10 });
      expect(documents).toMatchObject([{ status: 'ready' }, { status: 'ready' }]);
      const passages = documents.reduce((sum, document) => sum + document.passages, 0);
      expect(passages).toBeGreaterThanOrEqual(PASSAGES);
      expect(await blockrag.work()).toEqual({ waiting: 0, leased: 0, dead: 0 });
      expect(temporaryFiles(data)).toEqual([]);
      expect(originals(data)).toHaveLength(2);

      const { catalog, model, dtype, index, embedder } = blockrag.services;
      const { layers, kvHeads, headDim } = model.manifest.architecture;
      const used = new Set<string>();
      for (const { id, version } of documents) {
        for (const { tokens, blobKey } of await catalog.passages.ofVersion(id, version!)) {
          used.add(blobKey);
          const file = join(data, 'blobs/objects', `${blobPath('default', blobKey)}@`);
          const expected = {
            key: blobKey,
            dtype,
            tokens: tokens.length,
            shape: { layers, kvHeads, headDim },
          };
          decodeBlob(new Uint8Array(readFileSync(file).buffer), { ...expected, verify: 'sha256' });
          expect(await catalog.blobs.has(blobKey)).toBe(true);
        }
      }
      // The passages' blobs and the preface's: none that no row knows.
      expect(blobFiles(data)).toHaveLength(used.size + 1);

      const [vector] = await embedder.embed(['creature'], 'query');
      const scope = { tenant: 'default', collection: 'default' };
      const hits = await index.search({ ...scope, text: 'creature', vector: vector!, limit: 2 * passages });
      expect(new Set(hits.map(({ id }) => id)).size).toBe(passages);
      expect(hits).toHaveLength(passages);
      for (const n of [0, 99, 150]) {
        const { citations, usage } = await askBlockrag(blockrag, `What does note ${n} say?`, { topK: 3 });
        expect(citations.map(({ text }) => text).join()).toContain(`number ${n} `);
        expect(usage.encodedTokens).toBe(0);
      }
      // And it takes new documents.
      expect((await addText(blockrag, 'third.md', '# Third\n\nA third document.\n')).status).toBe('ready');
    } finally {
      await blockrag.close();
    }
  }, 300_000);
});

/** Blobs that are stored by now; files come and go while they are counted. */
function blobCount(data: string): number {
  try {
    return filesUnder(join(data, 'blobs/objects/kv')).length;
  } catch {
    return 0;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
