/** The sweep beside workers, uploads and deletes, on S3 and DynamoDB: it takes what is left over and nothing else. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentId, submitDocument } from '../../../shared/pipeline/intake/submit.ts';
import { removeDocument } from '../../../shared/pipeline/removal/retire.ts';
import type { Services } from '../../../shared/pipeline/services.ts';
import { type SweepReport, sweep } from '../../../shared/pipeline/sweep/sweep.ts';
import { Worker } from '../../../shared/pipeline/work/worker.ts';
import { describeWith } from '../../services/describe-with.ts';
import { CLOUD, type Cloud, startCloud } from '../../support/aws/cloud.ts';
import { type Opened, openInProcess } from '../../support/aws/opened.ts';
import { expectNothingLostOrLeft } from '../../support/left-behind.ts';
import { testModel } from '../../support/models.ts';
import { temporaryDirectory } from '../../support/product/directory.ts';

const TENANTS = ['acme', 'beta'];
const ACTIONS = 200;
const NAMES = 40;
const WORKERS = 4;
const SPREAD_MS = 20_000;
/** More than passes between an upload's bytes and its row. */
const GRACE_MS = 10_000;

/** Paragraphs of which no two fit into one passage of 32 tokens: those that documents share are the same blobs. */
const PARAGRAPHS = ['heron', 'otter', 'puffin', 'seal', 'gannet', 'curlew', 'plover', 'tern'].map(
  (animal, i) =>
    `The ${animal} of Grimsay sleeps on the rock number ${i + 11} near the old pier and eats ${i + 2} small fish a day.`,
);

describeWith(CLOUD, 'the sweep beside 200 uploads and deletes', () => {
  let cloud: Cloud;
  let opened: Opened;
  let services: Services;
  const workers: Worker[] = [];
  const failures: unknown[] = [];
  beforeAll(async () => {
    await testModel('w8a8');
    cloud = await startCloud({ BLOCKRAG_LOG: 'silent', BLOCKRAG_INDEX: temporaryDirectory() });
    opened = await openInProcess(cloud, { works: false });
    services = opened.system.services;
    for (let n = 0; n < WORKERS; n++) {
      workers.push(new Worker(services, { failed: (error) => failures.push(error) }));
    }
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await opened?.close();
    await cloud?.stop();
  });

  async function act(n: number): Promise<void> {
    await sleep(Math.random() * SPREAD_MS);
    const tenant = TENANTS[n % 2]!;
    const name = `${(n >> 1) % NAMES}.txt`;
    if (n % 5 < 2 && n > NAMES) {
      await removeDocument(services, tenant, documentId(tenant, 'default', name)).catch((error) => {
        expect(error).toMatchObject({ code: 'document_not_found' });
      });
      return;
    }
    const paragraphs = [0, 3, 5]
      .slice(0, 1 + (n % 3))
      .map((step) => PARAGRAPHS[(n + step) % PARAGRAPHS.length]!);
    const bytes = new TextEncoder().encode(`${paragraphs.join('\n\n')}\n`);
    await submitDocument(services, { tenant, collection: 'default', name, mediaType: undefined, bytes });
  }

  async function idle(): Promise<void> {
    for (;;) {
      const { waiting, leased } = await services.queue.counts();
      if (waiting + leased === 0) return;
      await sleep(100);
    }
  }

  const sweepNow = (graceMs: number): Promise<SweepReport> =>
    sweep(services, { graceMs, signal: new AbortController().signal });

  it('loses no blob of a ready document, and leaves nothing of the others', async () => {
    let acting = true;
    let sweeps = 0;
    const sweeping = (async () => {
      for (; acting; sweeps++) {
        await sweepNow(GRACE_MS);
        await sleep(200);
      }
    })();
    await Promise.all(Array.from({ length: ACTIONS }, (_, n) => act(n)));
    await idle();
    acting = false;
    await sweeping;
    expect(sweeps).toBeGreaterThan(3);
    // What it finds is the work of the workers, once more.
    await sweepNow(0);
    await idle();
    expect(await sweepNow(0)).toMatchObject({ versions: 0, blobs: 0, objects: 0, originals: 0, charges: 0 });

    expect(failures).toEqual([]);
    expect(await services.queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 0 });
    await expectNothingLostOrLeft(services, TENANTS);
    const originals: string[] = [];
    for (const tenant of TENANTS) {
      const documents = await services.catalog.documents.all(tenant);
      expect(documents.length).toBeGreaterThan(5);
      for (const { id, status, version, pending, retiring } of documents) {
        expect({ status, pending, retiring }).toEqual({ status: 'ready', pending: null, retiring: [] });
        const original = `originals/${tenant}/${id}/${version}`;
        originals.push(original, `${original}.json`);
      }
      expect((await services.access.quotas.used(tenant)).documents).toBe(documents.length);
      const { citations, usage } = await opened.system.ask({
        ...{ tenant, collection: 'default', question: 'Where does the otter of Grimsay sleep?' },
        ...{ attention: 'block', topK: 4, maxTokens: 4, stop: [] },
        sampling: { temperature: 0, topP: 1, topK: 0, seed: undefined },
      });
      expect(citations.length).toBeGreaterThan(0);
      expect(usage).toMatchObject({ encodedTokens: 0 });
      expect(usage.reusedTokens).toBeGreaterThan(0);
    }
    const kept: string[] = [];
    for await (const { key } of services.blobs.list('originals')) kept.push(key);
    expect(kept.sort()).toEqual(originals.sort());
  }, 240_000);

  it('as the function of the schedule does the same in the time that it has', async () => {
    const lost = 'originals/acme/doc_lost/v1';
    await services.blobs.put(lost, Uint8Array.of(1));
    const { handler } = await import('../../../functions/sweep/handler.ts');
    const report = await handler({}, { getRemainingTimeInMillis: () => 120_000 });
    // What is young is left alone.
    expect(report).toMatchObject({ complete: true, unfinished: 0, blobs: 0, originals: 0 });
    expect(await services.blobs.has(lost)).toBe(true);
  });
});
